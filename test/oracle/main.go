// Oracle answers who can reach whom in a small cluster, with Cilium's own policy engine: scenarios as JSON, one per
// line on stdin, one answer per line on stdout, in the same order. scenario.ts documents both shapes.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// maxLine bounds a scenario: a cluster of thousands of pods fits.
const maxLine = 64 << 20

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

// serve answers line by line until in ends. A scenario that cannot be judged gets an answer that holds only `error`.
func serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 1<<20), maxLine)
	writer := bufio.NewWriter(out)
	answers := json.NewEncoder(writer)
	for lines.Scan() {
		var answer any
		scenario, err := readScenario(lines.Bytes())
		if err == nil {
			answer, err = judge(scenario)
		}
		if err != nil {
			answer = failure{Error: err.Error()}
		}
		if err := answers.Encode(answer); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
		if err := writer.Flush(); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
	}
	return lines.Err()
}
