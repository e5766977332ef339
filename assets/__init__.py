"""Shape generators, one family a file: frozen models of their dimensions in metres with a method `model()`.

Class attributes: `category`, `supercategory`, `typical` (name -> low and high of what one meets), `density`
(low and
high, kg/m³ of the solid the meshes enclose, so that the whole weighs what such a thing weighs).
"""

from __future__ import annotations

GENERATORS: dict[str, str] = {
    "apple": "simdata.assets.fruit:Apple",
    "ball": "simdata.assets.ball:Ball",
    "block": "simdata.assets.block:Block",
    "book": "simdata.assets.book:Book",
    "bottle": "simdata.assets.bottle:Bottle",
    "bowl": "simdata.assets.bowl:Bowl",
    "can": "simdata.assets.can:Can",
    "candle": "simdata.assets.candle:Candle",
    "carton": "simdata.assets.carton:Carton",
    "cuboid": "simdata.assets.primitive:Cuboid",
    "cylinder": "simdata.assets.primitive:Cylinder",
    "fork": "simdata.assets.fork:Fork",
    "mug": "simdata.assets.mug:Mug",
    "pan": "simdata.assets.pan:Pan",
    "pear": "simdata.assets.fruit:Pear",
    "plane": "simdata.assets.primitive:Plane",
    "plate": "simdata.assets.plate:Plate",
    "room": "simdata.assets.room:Room",
    "sphere": "simdata.assets.primitive:Sphere",
    "spoon": "simdata.assets.spoon:Spoon",
    "table": "simdata.assets.table:Table",
    "vase": "simdata.assets.vase:Vase",
}
