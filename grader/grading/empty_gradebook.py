"""An empty gradebook. To make one, nbgrader asks a program of its own for one number, which takes seconds."""

from nbgrader.api import Base
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import URL, create_engine, inspect


def make_tables(url: str | URL) -> None:
    """Give a database without tables those of a gradebook, and the version that `nbgrader db upgrade` will look for.

    One that has tables stays as it is. Raises SQLAlchemyError where it cannot be used.
    """
    engine = create_engine(url)
    try:
        if inspect(engine).get_table_names():
            return
        from alembic.migration import MigrationContext  # here: it is needed once a class, and takes long
        from alembic.script import ScriptDirectory

        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # else each table is there at once, by itself
            if not inspect(connection).get_table_names():
                Base.metadata.create_all(connection)
                MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "heads")
    finally:
        engine.dispose()
