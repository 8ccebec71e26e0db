"""What people on the estate write: in history lines, to residents, and when they are asked."""

from __future__ import annotations

from typing import Final

RETURNED: Final = ("现场核实不属于本网格，请重新派单", "非本专业，建议转派", "责任区划分有误，退回")
HELD: Final = ("等配件到货", "住户不在家，另约时间", "等厂家上门", "雨天无法高空作业")
SUPPORT: Final = ("需要加派一人", "需要借用升降车", "请工程部支援水泵")
ANSWERED: Final = ("您好，已派人处理，请保持电话畅通", "已收到，师傅稍后联系您", "您反映的情况已登记，正在核实")
CONTROLLED: Final = ("现场已控制，已拉警戒", "已关阀止水", "人员已疏散，情况稳定")
RESOLVED: Final[dict[str, tuple[str, ...]]] = {
    "equipment": ("已更换配件，试运行正常", "已维修，恢复使用", "已紧固并试用，正常"),
    "cleaning": ("已清扫干净", "已清运并消毒"),
    "sanitation": ("已清运", "已消杀并记录"),
    "greening": ("已修剪清理", "已补植浇水"),
    "order": ("已劝离并登记", "已移交民警，加强巡逻"),
    "vehicles": ("已联系车主挪车", "已劝导并整理停放秩序"),
    "neighbours": ("已上门调解，双方和解", "已劝导，降低音量"),
    "fees": ("已解释收费标准并出具明细",),
    "service": ("已核实并约谈当事人，向住户致歉",),
}
RESOLVED_ELSE: Final = ("已处理完毕", "已整改到位")
FAILED: Final = ("复查不合格：仍有残留", "复查不合格：未完全修复", "复查发现同样问题")
SUPERVISED: Final = ("超时未办结，请今日内完成", "住户再次来电，督办")
VOIDED: Final = ("现场未发现所述情况", "重复来电，情况已恢复", "误报")
PLEASED: Final = ("谢谢，处理得很快", "师傅很负责", "满意", "修得不错")
DISPLEASED: Final = ("还是老样子，没有修好", "拖太久了", "第二天又坏了", "没人联系我")
PLAN: Final = ("现场勘查并出方案", "采购材料", "施工", "验收")
SIGNED: Final = ("同意延期，月底前完成", "已知悉，督促施工方加快")
# An outside body: what its reference begins with.
BODIES: Final = {
    "urban management": ("城管执法大队", "CG"),
    "gas company": ("燃气公司", "RQ"),
    "utility company": ("市政公用事业公司", "SZ"),
}


def resolved(group: str) -> tuple[str, ...]:
    return RESOLVED.get(group, RESOLVED_ELSE)
