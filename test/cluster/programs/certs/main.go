// Command certs issues what a control plane on 127.0.0.1 needs to trust itself:
// a certificate authority, the API server's certificate, one client certificate
// per caller, and the key that signs ServiceAccount tokens. The authority's own
// key is never written: nothing can be issued in its name afterwards.
//
//	certs FOLDER
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const validFor = 365 * 24 * time.Hour

// clients are the callers of the API server, by file name; the names and groups
// are those that the API server's built-in roles are bound to
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#core-component-roles).
var clients = map[string]pkix.Name{
	"admin":              {CommonName: "admin", Organization: []string{"system:masters"}},
	"controller-manager": {CommonName: "system:kube-controller-manager"},
	"scheduler":          {CommonName: "system:kube-scheduler"},
	"kwok":               {CommonName: "kwok", Organization: []string{"system:masters"}},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: certs FOLDER")
		os.Exit(2)
	}
	if err := issue(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "certs:", err)
		os.Exit(1)
	}
}

func issue(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca, err := template(pkix.Name{CommonName: "remediation-test-cluster"})
	if err != nil {
		return err
	}
	ca.IsCA, ca.BasicConstraintsValid = true, true
	ca.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	if err := certify(folder, "ca", ca, ca, caKey, caKey); err != nil {
		return err
	}

	server, err := template(pkix.Name{CommonName: "kube-apiserver"})
	if err != nil {
		return err
	}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}
	server.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	if err := withKey(folder, "apiserver", server, ca, caKey); err != nil {
		return err
	}

	for file, subject := range clients {
		client, err := template(subject)
		if err != nil {
			return err
		}
		client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if err := withKey(folder, file, client, ca, caKey); err != nil {
			return err
		}
	}

	tokens, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return writeKey(folder, "service-account", tokens)
}

// template starts an hour ago, so that a clock set back a little does no harm.
func template(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(validFor),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}, nil
}

func withKey(folder, name string, cert, ca *x509.Certificate, caKey *ecdsa.PrivateKey) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := certify(folder, name, cert, ca, key, caKey); err != nil {
		return err
	}
	return writeKey(folder, name, key)
}

func certify(folder, name string, cert, ca *x509.Certificate, key, caKey *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, cert, ca, &key.PublicKey, caKey)
	if err != nil {
		return err
	}
	return write(folder, name+".crt", "CERTIFICATE", der)
}

func writeKey(folder, name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return write(folder, name+".key", "EC PRIVATE KEY", der)
}

func write(folder, name, kind string, der []byte) error {
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return os.WriteFile(filepath.Join(folder, name), block, 0o600)
}
