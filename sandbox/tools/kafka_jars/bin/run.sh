#!/bin/bash
# What kafka-run-class.sh of the image does, for one class: a heap, a log on standard output, and every jar.
set -euo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
main=$1
shift
# shellcheck disable=SC2086 # options are words
exec "${JAVA_HOME:?JAVA_HOME is not set}/bin/java" ${KAFKA_HEAP_OPTS:--Xmx256m} -XX:+UseSerialGC -Xshare:auto \
  -Dlog4j2.configurationFile="$home/config/log4j2.properties" ${KAFKA_OPTS:-} -cp "$home/libs/*" "$main" "$@"
