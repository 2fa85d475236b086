#!/bin/bash
exec "$(dirname "${BASH_SOURCE[0]}")/run.sh" kafka.Kafka "$@"
