# The scripts that run a plan on many machines: with programs that stand for Slurm's,
# with a cluster on this host, and with GNU parallel.
reapmark_script(cluster cluster/cluster.sh
                ARGS $<TARGET_FILE:reapmark> ${PROJECT_SOURCE_DIR}
                SLOW slurm hosts hosts_that_are_killed unknown_hosts ssh)
