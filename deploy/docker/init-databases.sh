#!/usr/bin/env bash
# Runs once, when the database server makes its data: one database and one role for each service, nobody else let in.
set -euo pipefail
for service in intake validation payout remittance audit; do
  psql -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres -q <<SQL
create role $service login password '${SERVICES_PASSWORD:?set it in .env}-$service';
create database $service owner $service;
revoke connect on database $service from public;
SQL
done
