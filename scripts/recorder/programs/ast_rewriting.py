"""Modules of the standard library are parsed, changed and written out."""

import ast
import colorsys
import fnmatch
import sched


class Renamer(ast.NodeTransformer):
    def visit_Name(self, node):
        return ast.copy_location(ast.Name(node.id + "_", node.ctx), node)


for module in (colorsys, fnmatch, sched):
    with open(module.__file__) as file:
        tree = ast.parse(file.read())
    ast.unparse(ast.fix_missing_locations(Renamer().visit(tree)))
