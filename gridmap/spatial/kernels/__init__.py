"""The compiled part of the locator: exact signs, cells cut into smaller cells, points looked up.

An edge is (ax, ay, bx, by) with ay < by, or ay == by and ax <= bx. A cell is the set of doubles that
`column_of` sends to it, so it has no blurred border. Its corner (left, below) is the place from which points
in it are judged: who lies over the corner is known, and the way from there to a point, first up and then
along, crosses only edges that touch the cell. A place that lies on an edge counts as a hair to the right
and half a hair up of itself, always; that is why no case is left over.
"""
