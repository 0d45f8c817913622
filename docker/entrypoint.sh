#!/bin/sh
# What a container is: faquarry's command line, unless the first word names a part of a cluster or a notebook.
#   master | worker URL | submit ARGUMENTS… | history   of a standalone cluster
#   driver | executor                                   as Spark's Kubernetes back end starts them
#   notebook                                            JupyterLab on port 8888 (extra `notebooks`)
set -eu
spark=$(echo /opt/faquarry/lib/python3*/site-packages/pyspark)
export SPARK_HOME="$spark"

case "${1:-}" in
  master)
    shift
    exec "$spark/bin/spark-class" org.apache.spark.deploy.master.Master --host "${SPARK_LOCAL_HOSTNAME:-$(hostname)}" "$@" ;;
  worker)
    shift
    exec "$spark/bin/spark-class" org.apache.spark.deploy.worker.Worker --host "${SPARK_LOCAL_HOSTNAME:-$(hostname)}" "$@" ;;
  history)
    shift
    exec "$spark/bin/spark-class" org.apache.spark.deploy.history.HistoryServer "$@" ;;
  submit)
    shift
    # Delta's jars must be there when the driver's JVM starts, and travel to the executors from here.
    exec "$spark/bin/spark-submit" --jars "$(echo /opt/faquarry/share/faquarry/jars/*.jar | tr ' ' ',')" "$@" ;;
  driver)
    shift
    exec "$spark/bin/spark-submit" --conf "spark.driver.bindAddress=$SPARK_DRIVER_BIND_ADDRESS" \
      --conf "spark.executorEnv.SPARK_DRIVER_POD_IP=$SPARK_DRIVER_BIND_ADDRESS" --deploy-mode client "$@" ;;
  executor)
    # The options of the JVM come one a variable, SPARK_JAVA_OPT_0, _1, …, and may hold spaces.
    shift
    unset SPARK_LOCAL_HOSTNAME
    number=0
    set -- -Xms"$SPARK_EXECUTOR_MEMORY" -Xmx"$SPARK_EXECUTOR_MEMORY" \
      -cp "${SPARK_CLASSPATH:-}:$spark/conf:$spark/jars/*:/opt/spark/work-dir" \
      org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
      --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES" \
      --app-id "$SPARK_APPLICATION_ID" --hostname "$SPARK_EXECUTOR_POD_IP" \
      --resourceProfileId "${SPARK_RESOURCE_PROFILE_ID:-0}" --podName "$SPARK_EXECUTOR_POD_NAME" "$@"
    while eval "option=\${SPARK_JAVA_OPT_$number:-}" && [ -n "$option" ]; do
      set -- "$option" "$@"
      number=$((number + 1))
    done
    exec java "$@" ;;
  notebook)
    shift
    command -v jupyter >/dev/null || { echo "notebook: this image has no JupyterLab; build it with EXTRAS=…,notebooks." >&2; exit 2; }
    mkdir -p "$HOME/notebooks"
    cp -n /opt/code/notebooks/*.ipynb "$HOME/notebooks/" 2>/dev/null || true
    exec jupyter lab --ip 0.0.0.0 --port 8888 --no-browser --notebook-dir "$HOME/notebooks" "$@" ;;
  python | java | sh | bash | spark-submit | spark-sql)
    exec "$@" ;;
  *)
    exec faquarry "$@" ;;
esac
