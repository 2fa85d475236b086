#!/bin/bash
# What kafka-run-class.sh of the image does, for one class: a heap, a log on standard output, and every jar.
set -euo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
main=$1
shift
# One compiler and one collector thread: a broker for one machine is started often and runs short.
# shellcheck disable=SC2086 # options are words
exec "${JAVA_HOME:?JAVA_HOME is not set}/bin/java" ${KAFKA_HEAP_OPTS:--Xmx256m} \
  ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} \
  -Dlog4j2.configurationFile="$home/config/log4j2.properties" ${KAFKA_OPTS:-} -cp "$home/libs/*" "$main" "$@"
