"""Works with PostgreSQL by the login that a .env file holds, and follows the file.

    worker.py [path of the .env file]        Debian: apt install python3-psycopg2 python3-dotenv

The file is what `Add-NebulaPublishTarget orders -Kind EnvFile -Path … -Entry @{ DB_USER = 'Username'; DB_PASSWORD = 'Password' }`
keeps up to date; DB_HOST, DB_PORT and DB_NAME are its owner's. On SIGTERM it says what it has done.
"""

import os
import signal
import sys
import time

import psycopg2
from dotenv import dotenv_values


class Database:
    """One connection, of the login that the file holds now."""

    def __init__(self, path):
        self._path = path
        self._seen = None
        self._connection = None
        self.logins = []

    def connection(self):
        # The file is replaced as a whole: another one has another number, and a look costs microseconds.
        status = os.stat(self._path)
        stamp = (status.st_dev, status.st_ino, status.st_mtime_ns)
        if stamp != self._seen:
            self._adopt(stamp)
        return self._connection

    def _adopt(self, stamp):
        values = dotenv_values(self._path, interpolate=False)
        try:
            fresh = psycopg2.connect(
                host=values["DB_HOST"], port=values["DB_PORT"], dbname=values["DB_NAME"],
                user=values["DB_USER"], password=values["DB_PASSWORD"])
        except psycopg2.OperationalError as error:
            # Both logins work while a rotation drains: go on with the one that is open, and look again.
            if self._connection is None:
                raise
            print(f"the login in {self._path} cannot be used yet: {type(error).__name__}", file=sys.stderr)
            return
        fresh.autocommit = True
        old, self._connection, self._seen = self._connection, fresh, stamp
        self.logins.append(values["DB_USER"])
        if old is not None:
            old.close()


def main(path):
    database = Database(path)
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    queries = failed = 0
    while not stopping:
        try:
            with database.connection().cursor() as cursor:
                cursor.execute("INSERT INTO orders (product, amount) VALUES (%s, %s)", ("python", queries))
        except psycopg2.Error as error:
            failed += 1
            print(error, file=sys.stderr)
        queries += 1
        if queries == 1:
            print("ready", flush=True)
        time.sleep(0.002)
    print(f"queries: {queries}, failed: {failed}, logins: {' '.join(database.logins)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ".env")
