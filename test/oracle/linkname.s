// Empty on purpose: with an assembly file in the package the compiler accepts the function without a body in
// engine.go, which //go:linkname ties to Cilium's own.
