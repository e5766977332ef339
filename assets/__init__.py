"""Shape generators, one family a file: frozen models of their dimensions in metres with a method `model()`.

Class attributes: `category`, `supercategory`, `typical` (name -> low and high of what one meets), `density`
(low and
high, kg/m³ of the solid the meshes enclose, so that the whole weighs what such a thing weighs).
"""

from __future__ import annotations

GENERATORS: dict[str, str] = {
    "apple": "simdata.assets.fruit:Apple",
    "ball": "simdata.assets.ball:Ball",
    "bench": "simdata.assets.desk:Bench",
    "block": "simdata.assets.block:Block",
    "book": "simdata.assets.book:Book",
    "bottle": "simdata.assets.bottle:Bottle",
    "bowl": "simdata.assets.bowl:Bowl",
    "cabinet": "simdata.assets.counter:Cabinet",
    "can": "simdata.assets.can:Can",
    "candle": "simdata.assets.candle:Candle",
    "carton": "simdata.assets.carton:Carton",
    "chair": "simdata.assets.chair:Chair",
    "counter": "simdata.assets.counter:Counter",
    "cuboid": "simdata.assets.primitive:Cuboid",
    "curtain": "simdata.assets.hanging:Curtain",
    "cutting_board": "simdata.assets.stationery:CuttingBoard",
    "cylinder": "simdata.assets.primitive:Cylinder",
    "desk": "simdata.assets.desk:Desk",
    "desk_lamp": "simdata.assets.lamp:DeskLamp",
    "door": "simdata.assets.hanging:Door",
    "fork": "simdata.assets.fork:Fork",
    "hammer": "simdata.assets.tool:Hammer",
    "jar": "simdata.assets.glass:Jar",
    "keyboard": "simdata.assets.monitor:Keyboard",
    "monitor": "simdata.assets.monitor:Monitor",
    "mug": "simdata.assets.mug:Mug",
    "pan": "simdata.assets.pan:Pan",
    "panel": "simdata.assets.lamp:Panel",
    "pear": "simdata.assets.fruit:Pear",
    "pegboard": "simdata.assets.hanging:Pegboard",
    "pen": "simdata.assets.stationery:Pen",
    "pendant": "simdata.assets.lamp:Pendant",
    "picture": "simdata.assets.hanging:Picture",
    "plane": "simdata.assets.primitive:Plane",
    "plate": "simdata.assets.plate:Plate",
    "room": "simdata.assets.room:Room",
    "screwdriver": "simdata.assets.tool:Screwdriver",
    "shelf": "simdata.assets.shelf:Shelf",
    "spanner": "simdata.assets.tool:Spanner",
    "sphere": "simdata.assets.primitive:Sphere",
    "spoon": "simdata.assets.spoon:Spoon",
    "table": "simdata.assets.table:Table",
    "tape": "simdata.assets.stationery:Tape",
    "tumbler": "simdata.assets.glass:Tumbler",
    "vase": "simdata.assets.vase:Vase",
}
