#!/usr/bin/env bash
# Brings a new cluster to the point from which Flux goes on by itself.
set -Eeuo pipefail

ROOT_DIR="$(git rev-parse --show-toplevel)"
declare -A JOBS=()

log() { printf '%s %s\n' "$(date --iso-8601=seconds)" "$*" >&2; }

# Item 14: starts a function in the background, under a name by which it is waited for.
run_parallel() {
    local name="$1"
    shift
    log "start ${name}"
    "$@" &
    JOBS["${name}"]=$!
}

# Waits for everything that run_parallel started; one that fails makes the phase fail.
wait_parallel() {
    local failed=0 name
    for name in "${!JOBS[@]}"; do
        if ! wait "${JOBS[${name}]}"; then
            log "failed ${name}"
            failed=1
        fi
    done
    JOBS=()
    return "${failed}"
}

wait_for_nodes() {
    until kubectl wait nodes --for=condition=Ready=False --all --timeout=10s > /dev/null 2>&1; do
        sleep 5
    done
}

apply_namespaces() {
    local file
    for file in "${ROOT_DIR}"/kubernetes/apps/*/namespace.yaml; do
        kubectl apply --server-side --filename "${file}"
    done
}

apply_secrets() {
    sops exec-file "${ROOT_DIR}/bootstrap/secrets.sops.yaml" \
        "kubectl apply --server-side --filename {}"
}

apply_crds() {
    helmfile --file "${ROOT_DIR}/bootstrap/helmfile.yaml" template --include-crds --quiet |
        yq ea --exit-status 'select(.kind == "CustomResourceDefinition")' |
        kubectl apply --server-side --filename -
}

sync_helm_releases() {
    helmfile --file "${ROOT_DIR}/bootstrap/helmfile.yaml" sync --hide-notes
}

main() {
    local started
    started="$(date +%s)"

    # Phase 1: nodes, before anything else can be asked of them.
    wait_for_nodes

    # Phase 2: what needs nothing but an API server.
    run_parallel namespaces apply_namespaces
    run_parallel secrets apply_secrets
    wait_parallel

    # Phase 3: CRDs, some of which live in namespaces.
    apply_crds

    # Phase 4: releases, which need the CRDs.
    sync_helm_releases

    log "done in $(($(date +%s) - started)) s"
}

main "$@"
