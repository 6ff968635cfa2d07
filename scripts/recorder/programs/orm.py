"""Django's object-relational mapper over SQLite, in memory."""

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.db import connection, models


class Author(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "library"


class Book(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")

    class Meta:
        app_label = "library"


with connection.schema_editor() as editor:
    editor.create_model(Author)
    editor.create_model(Book)
for a in range(20):
    author = Author.objects.create(name=f"author {a}")
    Book.objects.bulk_create(
        Book(title=f"book {b}", author=author) for b in range(10)
    )
for round in range(3):
    for author in Author.objects.prefetch_related("books"):
        assert [book.author.name for book in author.books.all()]
    Book.objects.filter(title__endswith=str(round)).delete()
