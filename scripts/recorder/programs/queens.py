"""A constraint solver: queens that do not attack each other."""


class Variable:
    def __init__(self, row, columns):
        self.row = row
        self.domain = set(columns)
        self.neighbours = []  # so that all variables are in cycles


def make(n):
    variables = [Variable(row, range(n)) for row in range(n)]
    for v in variables:
        v.neighbours = [w for w in variables if w is not v]
    return variables


def solve(variables, chosen):
    if len(chosen) == len(variables):
        return dict(chosen)
    free = [v for v in variables if v not in chosen]
    v = min(free, key=lambda w: len(w.domain))
    for column in sorted(v.domain):
        removed = []
        for w in v.neighbours:
            if w in chosen:
                continue
            far = abs(w.row - v.row)
            for c in {column, column - far, column + far} & w.domain:
                w.domain.discard(c)
                removed.append((w, c))
        chosen[v] = column
        if all(w.domain for w in free):
            answer = solve(variables, chosen)
            if answer:
                return answer
        del chosen[v]
        for w, c in removed:
            w.domain.add(c)
    return None


for n in range(6, 14):
    assert solve(make(n), {})
