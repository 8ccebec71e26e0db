"""What happens on an estate, as data: which troubles, how often, where, at what hours, and in whose words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# How a day's reports are spread over its hours, from midnight on.
HOURS: Final[dict[str, tuple[float, ...]]] = {
    "living": (1, 1, 0.5, 0.5, 0.5, 1, 4, 9, 11, 8, 7, 6, 5, 5, 5, 6, 7, 9, 12, 13, 11, 8, 5, 2),
    "working": (0, 0, 0, 0, 0, 0, 2, 6, 12, 14, 13, 10, 4, 6, 12, 13, 11, 8, 3, 2, 1, 1, 0, 0),
    "rush": (0.5, 0.5, 0.5, 0.5, 0.5, 1, 5, 14, 15, 7, 4, 4, 5, 4, 4, 4, 6, 13, 16, 12, 7, 4, 2, 1),
    "evening": (4, 2, 1, 0.5, 0.5, 0.5, 1, 2, 3, 2, 2, 2, 4, 3, 2, 2, 3, 5, 9, 14, 16, 15, 12, 7),
    "dark": (4, 3, 2, 1, 1, 2, 3, 2, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 2, 5, 14, 16, 14, 11, 8, 5),
}
# How busy Monday to Sunday are against one another.
WEEK: Final[dict[str, tuple[float, ...]]] = {
    "living": (1.0, 0.95, 0.95, 0.95, 1.0, 1.25, 1.3), "working": (1.25, 1.1, 1.1, 1.1, 1.15, 0.6, 0.5),
    "rush": (1.2, 1.1, 1.1, 1.1, 1.2, 0.7, 0.6), "evening": (0.8, 0.85, 0.85, 0.9, 1.2, 1.4, 1.2),
    "dark": (1, 1, 1, 1, 1, 1, 1),
}  # fmt: skip
# Who reports, and how exactly they know where: metres, least and most.
SOURCES: Final[dict[str, dict[str, float]]] = {
    "homes": {"resident": 0.55, "hotline": 0.2, "front_desk": 0.15, "patrol": 0.1},
    "grounds": {"resident": 0.38, "patrol": 0.42, "hotline": 0.08, "front_desk": 0.04, "inspection": 0.08},
    "machines": {"resident": 0.3, "patrol": 0.2, "hotline": 0.12, "sensor": 0.25, "inspection": 0.13},
}
ACCURACY_M: Final = {
    "resident": (4, 28), "hotline": (20, 60), "front_desk": (10, 40),
    "patrol": (2, 9), "sensor": (1, 3), "inspection": (2, 6),
}  # fmt: skip


@dataclass(frozen=True)
class Story:
    """One sort of trouble: its category, how often of a thousand, where, when, and what is said of it."""

    category: str
    weight: float
    where: tuple[str, ...]
    texts: tuple[str, ...]
    hours: str = "living"
    source: str = "grounds"
    kind: str | None = None
    urgency: str | None = None
    about: bool = False


STORIES: Final = (
    Story("lift", 62, ("lift",),
        ("{}运行时抖动有异响", "{}关门时夹人，光幕可能坏了", "{}按键失灵", "{}轿厢灯不亮", "{}停在中间层不动"),
        "rush", "machines"),
    Story("lift", 7, ("lift",),
        ("{}困人，里面有一位老人", "{}困人，两名住户被困", "{}突然停梯，有人被困"), "rush", "machines",
          urgency="emergency"),
    Story("water_leak", 44, ("home",),
        ("{}楼道天花板滴水", "{}管道井漏水，已流到楼道", "{}水表处渗水", "{}外墙渗水到屋里"), source="homes"),
    Story("water_leak", 7, ("pump_room",), ("{}水泵接口漏水", "{}地面积水"), source="machines"),
    Story("drain", 26, ("manhole", "home"), ("{}处污水外溢", "{}排水不畅，有异味", "{}下水道堵塞"), source="homes"),
    Story("manhole", 7, ("manhole",), ("{}井盖松动，车过有响声", "{}井盖破损")),
    Story("road", 13, ("lane", "street"), ("{}路面塌陷一块", "{}地砖松动，老人容易绊倒", "{}减速带螺栓外露")),
    Story("lamp", 20, ("lamp",), ("{}不亮", "{}一直闪", "{}灯杆歪斜"), "dark"),
    Story("lamp", 16, ("home",), ("{}楼道灯不亮", "{}门厅灯坏了，晚上很黑"), "dark"),
    Story("power", 8, ("home", "power_room"), ("{}停电，请尽快来看", "{}跳闸，公共部位没电"), "living", "machines"),
    Story("playground", 12, ("playground",), ("{}滑梯裂开有尖角", "{}秋千链条松了", "{}地垫翘起"), "evening"),
    Story("door_window", 22, ("home",),
        ("{}单元门关不上", "{}楼道窗户玻璃破损", "{}单元门闭门器坏了"), source="homes"),
    Story("sign", 6, ("home",), ("{}网格标识牌脱落", "{}楼号牌看不清"), "working"),
    Story("facade", 7, ("old",), ("{}外墙瓷砖脱落", "{}空调外机支架锈蚀"), source="homes"),
    Story("roof", 7, ("old",), ("{}楼顶漏雨", "{}楼顶防水层起鼓"), source="homes"),
    Story("defect", 11, ("new",), ("{}墙面空鼓开裂", "{}窗框渗水，还在保修期", "{}地面不平"), source="homes"),
    Story("fire_equipment", 9, ("home",),
        ("{}灭火器压力不足", "{}消火栓箱门坏了", "{}消防水带缺失"), "working", "machines"),
    Story("fire_equipment", 6, ("hydrant",), ("{}滴水", "{}阀门锈死", "{}被遮挡"), "working", "machines"),
    Story("fire_lane", 15, ("gate", "lane", "tower"), ("{}消防通道停了车", "{}消防登高面被占"), "evening"),
    Story("fire_lane", 11, ("home",), ("{}楼道堆放杂物堵住通道", "{}疏散门被锁"), "evening"),
    Story("fire_door", 9, ("tower",), ("{}防火门常开关不上", "{}常闭门闭门器损坏"), "working"),
    Story("access_control", 18, ("gate",), ("{}道闸抬杆不落", "{}人脸识别失灵", "{}车牌认不出来"), "rush", "machines"),
    Story("access_control", 12, ("home",), ("{}门禁刷卡没反应", "{}单元门禁失灵"), "rush", "machines"),
    Story("intercom", 10, ("home",), ("{}对讲无声", "{}对讲打不通"), source="homes"),
    Story("camera", 13, ("camera",), ("{}画面黑屏", "{}镜头被树枝挡住", "{}离线"), "working", "machines"),
    Story("alarm_system", 6, ("tower", "office"), ("{}烟感误报", "{}消防主机报故障"), "dark", "machines"),
    Story("decoration", 16, ("home",), ("{}装修敲承重墙", "{}装修垃圾堆在楼道", "{}装修未办手续"), "working", "homes"),
    Story("decoration_noise", 20, ("home",), ("{}午休时间装修噪音", "{}周末装修电钻声"), source="homes"),
    Story("tenants", 9, ("home",), ("{}群租，人员进出频繁", "{}租户扰民"), "evening", "homes"),
    Story("waste_removal", 16, ("waste_station", "home"), ("{}垃圾没有清运，发臭", "{}建筑垃圾堆了几天"), "working"),
    Story("pests", 13, ("home", "waste_station", "lake"), ("{}有老鼠", "{}蚊子很多，请消杀", "{}蟑螂多")),
    Story("litter", 62, ("square", "square", "garden", "walk", "street"),
        ("{}地面垃圾多", "{}草丛里有饭盒和饮料瓶", "{}烟头满地"), "evening"),
    Story("litter", 22, ("shop", "lane"), ("{}门前垃圾没扫", "{}路边有撒落的垃圾")),
    Story("bin_full", 44, ("bin",), ("{}满溢", "{}满了没人收，有异味"), "evening"),
    Story("dirty_interior", 34, ("home",), ("{}楼道没打扫", "{}电梯厅地面脏", "{}楼梯扶手积灰"), source="homes"),
    Story("dirty_car_park", 20, ("garage", "garage", "car_park"),
        ("{}地面有油污", "{}积水", "{}有垃圾和蛛网"), "rush"),
    Story("flyposting", 20, ("home", "gate"), ("{}贴满小广告", "{}墙上有喷涂广告"), "working"),
    Story("water_feature", 12, ("lake",), ("{}水面漂浮垃圾", "{}水发绿有异味", "{}岸边有死鱼"), "living"),
    Story("greening", 26, ("garden", "walk", "home"),
        ("{}绿篱长得挡路", "{}草坪枯黄", "{}树枝太低", "{}有虫害"), "working"),
    Story("fallen_tree", 3, ("garden", "walk", "lane"), ("{}树倒了", "{}大树枝断裂")),
    Story("theft", 2, ("charging",), ("{}电瓶被偷",), "dark", "homes"),
    Story("theft", 2, ("villa", "shop"), ("{}有人撬门", "{}快递被拿走"), "dark", "homes"),
    Story("fight", 3, ("square", "shop"), ("{}有人打架", "{}酒后闹事"), "evening"),
    Story("suspicious_person", 9, ("gate", "villa", "garden"), ("{}有陌生人徘徊", "{}有人翻墙"), "dark"),
    Story("fireworks", 3, ("square", "walk"), ("{}有人放烟花",), "evening"),
    Story("dogs", 20, ("garden", "walk", "square"), ("{}遛狗不牵绳", "{}狗粪没人清理", "{}有流浪狗"), "evening"),
    Story("parking", 44, ("car_park", "street", "lane", "gate"),
        ("{}乱停车堵住出口", "{}车位被占", "{}外来车辆停放"), "rush"),
    Story("e_bike", 28, ("gate",), ("{}电动车乱停堵门", "{}外卖电动车逆行"), "rush"),
    Story("e_bike", 13, ("charging",), ("{}充电桩不通电", "{}插座发烫", "{}停满，车停到路上"), "evening"),
    Story("e_bike", 11, ("tower", "home"), ("{}电动车推进楼道", "{}飞线充电"), "evening"),
    Story("neighbours", 9, ("home",), ("{}邻里因漏水争吵", "{}楼道占用纠纷"), "evening", "homes"),
    Story("noise", 20, ("home",), ("{}深夜噪音", "{}楼上持续有响声"), "evening", "homes"),
    Story("noise", 16, ("square", "shop"), ("{}广场舞音响太大", "{}深夜喧哗"), "evening", "homes"),
    Story("service", 10, ("home",),
        ("保安态度不好", "报修两次没人来", "前台电话没人接"), "working", "homes", about=True),
    Story("fees", 15, ("home",),
        ("{}住户咨询物业费标准", "{}住户咨询停车月卡", "{}住户询问水电费账单"), "working", "homes"),
    Story("other", 9, ("garden", "square", "walk"),
        ("建议{}增加座椅", "建议{}加装路灯", "建议{}增设直饮水"), "living", "homes", kind="suggestion"),
    Story("illegal_building", 5, ("villa", "old"), ("{}私自搭建阳光房", "{}楼顶违建"), "working"),
    Story("gas", 2, ("old", "shop"), ("{}闻到燃气味",), "evening", "homes"),
    Story("public_utility", 5, ("street",), ("{}市政管道施工未恢复路面", "{}市政水管漏水"), "working"),
)  # fmt: skip

# What a storm brings in one afternoon and night: how many, where, and what is said.
STORM: Final = (
    (40, Story("drain", 0, ("manhole", "lane"), ("{}积水，井口冒水", "{}旁暴雨积水到脚踝"))),
    (26, Story("water_leak", 0, ("old", "home"), ("{}暴雨后渗水", "{}楼道进水"), source="homes")),
    (20, Story("fallen_tree", 0, ("garden", "walk", "lane"), ("{}大风刮倒树", "{}树枝砸到车"))),
    (10, Story("roof", 0, ("old",), ("{}楼顶被掀，漏雨",), source="homes")),
    (9, Story("dirty_car_park", 0, ("garage",), ("{}坡道进水，需要沙袋",), urgency="urgent")),
    (8, Story("power", 0, ("power_room", "home"), ("{}雨后跳闸",), source="machines")),
    (7, Story("facade", 0, ("old",), ("{}窗扇被吹落", "{}广告牌松动"))),
)  # fmt: skip
LEAKS: Final = Story(
    "water_leak",
    0,
    ("home",),
    ("{}水管接头渗漏", "{}管道井又漏水了", "{}楼道墙面渗水", "{}地下管沟返水"),
    source="homes",
)
