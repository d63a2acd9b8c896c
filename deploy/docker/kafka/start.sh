#!/usr/bin/env bash
# Formats the storage at the first start, and only then; the image's own start refuses storage that is formatted already.
set -euo pipefail
here=/etc/throughline
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted -t 5L6g3nShT-eMCtK--X86sw -c "$here/server.properties"
exec java "-Xmx${HEAP:-512m}" "-Dlog4j2.configurationFile=$here/log4j2.yaml" -cp '/opt/kafka/libs/*' kafka.Kafka \
    "$here/server.properties" \
    --override "advertised.listeners=INSIDE://kafka:9092,OUTSIDE://127.0.0.1:${OUTSIDE_PORT:?}"
