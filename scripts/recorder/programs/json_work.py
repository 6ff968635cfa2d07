"""Documents are written as JSON and read again."""

import json

documents = []
for n in range(60):
    document = {
        "number": n,
        "items": [{"id": i, "tags": [str(i), "x" * (i % 7)]} for i in range(40)],
        "parent": None if n == 0 else {"number": n - 1},
    }
    text = json.dumps(document, indent=2)
    documents.append(json.loads(text))
    if len(documents) > 20:
        del documents[0]
