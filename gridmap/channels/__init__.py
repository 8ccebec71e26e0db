"""Messages out: webhooks, mail, and the robots of work chats."""
