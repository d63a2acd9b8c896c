#!/usr/bin/env bash
# Runs once, when the database server makes its data: one database and one role for each service, nobody else let in.
set -euo pipefail
for service in intake validation payout remittance audit portal; do
  password=${service^^}_PASSWORD
  psql -v ON_ERROR_STOP=1 -v password="${!password:?is missing}" -U "${POSTGRES_USER:-postgres}" -d postgres -q <<SQL
create role $service login password :'password';
create database $service owner $service
  template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C';
revoke connect on database $service from public;
SQL
done
