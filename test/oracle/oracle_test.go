package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// claim is a scenario whose answer is known from Cilium's documentation or source, apart from this program.
type claim struct {
	Claim    string          `json:"claim"`
	Scenario json.RawMessage `json:"scenario"`
	// Invalid lists the objects refused, as "Kind namespace/name: part of the error".
	Invalid []string `json:"invalid"`
	// DefaultDeny lists who is under default deny, as "namespace/name Ingress".
	DefaultDeny []string `json:"defaultDeny"`
	// Flows says some of them, as "src > dst 80/TCP": "allow", or which side denies.
	Flows map[string]string `json:"flows"`
}

func TestClaims(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no claims in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) { check(t, file) })
	}
}

func check(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c claim
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	a := ask(t, c.Scenario)
	if len(a.Invalid) != len(c.Invalid) {
		t.Errorf("refused: %v, want %v", a.Invalid, c.Invalid)
	} else {
		for i, refused := range a.Invalid {
			got := fmt.Sprintf("%s %s/%s", refused.Kind, refused.Namespace, refused.Name)
			object, reason, _ := strings.Cut(c.Invalid[i], ": ")
			if got != object || !strings.Contains(refused.Error, reason) {
				t.Errorf("refused: %s: %s, want %s", got, refused.Error, c.Invalid[i])
			}
		}
	}
	denying := []string{}
	for name, verdict := range a.Pods {
		if verdict.IngressDefaultDeny {
			denying = append(denying, name+" Ingress")
		}
		if verdict.EgressDefaultDeny {
			denying = append(denying, name+" Egress")
		}
	}
	slices.Sort(denying)
	if !slices.Equal(denying, c.DefaultDeny) {
		t.Errorf("default deny: %v, want %v", denying, c.DefaultDeny)
	}
	got := map[string]string{}
	for _, f := range a.Flows {
		got[fmt.Sprintf("%s > %s %d/%s", f.Src, f.Dst, f.Port, f.Protocol)] = sides(f)
	}
	for asked, want := range c.Flows {
		if got[asked] != want {
			t.Errorf("%s: %q, want %q", asked, got[asked], want)
		}
	}
}

func sides(f flow) string {
	denied := []string{}
	if f.Egress == "deny" {
		denied = append(denied, "egress")
	}
	if f.Ingress == "deny" {
		denied = append(denied, "ingress")
	}
	if len(denied) == 0 {
		return "allow"
	}
	return strings.Join(denied, " and ") + " denied"
}

func ask(t *testing.T, scenario json.RawMessage) answer {
	var line, out bytes.Buffer
	if err := json.Compact(&line, scenario); err != nil {
		t.Fatal(err)
	}
	line.WriteByte('\n')
	if err := serve(&line, &out); err != nil {
		t.Fatal(err)
	}
	var a struct {
		answer
		failure
	}
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	if a.Error != "" {
		t.Fatal(a.Error)
	}
	return a.answer
}

func TestNothingIsLeftOfTheScenarioBefore(t *testing.T) {
	denied := `{"namespaces":[{"name":"a","labels":{}}],"pods":[{"namespace":"a","name":"x","labels":{}},{"namespace":"a","name":"y","labels":{}}],` +
		`"policies":[{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"name":"p","namespace":"a"},"spec":{"endpointSelector":{},"ingress":[{}]}}],` +
		`"config":{%s},"queries":[{"port":80,"protocol":"TCP"}]}`
	open := strings.Replace(denied, `"policies":[{`, `"policies":[],"services":[],"nodes":[{"name":"n","labels":{}}],"addresses":[{"ip":"192.0.2.1"}],"unused":[{`, 1)
	open = open[:strings.Index(open, `,"unused"`)] + open[strings.Index(open, `,"config"`):]
	lines := fmt.Sprintf(denied, `"enable-policy":"always"`) + "\n" + `{"pods":1}` + "\n" + fmt.Sprintf(open, "") + "\n"
	var out bytes.Buffer
	if err := serve(strings.NewReader(lines), &out); err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(answers) != 3 {
		t.Fatalf("%d answers to 3 scenarios", len(answers))
	}
	if !strings.Contains(answers[0], `"deny"`) {
		t.Errorf("the first denies: %s", answers[0])
	}
	if !strings.Contains(answers[1], `"error":"reading the scenario`) {
		t.Errorf("the second cannot be read: %s", answers[1])
	}
	if strings.Contains(answers[2], `"deny"`) || strings.Contains(answers[2], "true") {
		t.Errorf("the third has no policy: %s", answers[2])
	}
}
