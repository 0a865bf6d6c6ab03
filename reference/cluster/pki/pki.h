// A cluster's keys and certificates: one CA, a server certificate, a client certificate a component with upstream's user and group names,
// the key that signs service account tokens, and a CA of its own for the proxy that passes requests on to other API servers: who holds such
// a certificate may speak for anybody, so it is no client certificate of the cluster's CA. Files are made once, with mode 0600, and taken again when the cluster comes up again;
// certificates that are near their end, or whose names no longer fit, are made anew from the same CA.
#pragma once

#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/net/crypto.h"
#include "reference/cluster/layout.h"

namespace plumb::cluster {

struct Identity {
  std::string name;  // of the files: <name>.crt, <name>.key
  std::string common_name;
  std::vector<std::string> organizations = {};
  std::vector<std::string> dns_names = {};
  std::vector<std::string> ip_addresses = {};
  bool server = false;
  bool client = false;
};

class Pki {
 public:
  // Makes or loads CA and signing key below layout.pki().
  static Result<Pki> open(const Layout& layout, Clock& clock);

  // Makes or keeps the identity's files.
  Result<net::KeyPair> identity(const Identity& wanted) const { return identity_of(authority_, wanted); }
  Result<net::KeyPair> front_proxy_identity(const Identity& wanted) const { return identity_of(front_proxy_, wanted); }
  const std::string& ca_pem() const { return authority_.certificate_pem; }
  const std::string& front_proxy_ca_pem() const { return front_proxy_.certificate_pem; }
  const std::string& signing_key_pem() const { return signing_key_pem_; }

 private:
  Pki(Layout layout, Clock& clock) : layout_(std::move(layout)), clock_(&clock) {}
  Layout layout_;
  Clock* clock_;
  Result<net::CertificateAuthority> authority(const std::string& file, const std::string& common_name) const;
  Result<net::KeyPair> identity_of(const net::CertificateAuthority& authority, const Identity& wanted) const;
  net::CertificateAuthority authority_, front_proxy_;
  std::string signing_key_pem_;
};

// The identities upstream's components use.
Identity apiserver_identity(const std::vector<std::string>& ips);
Identity admin_identity();
Identity component_identity(const std::string& component);  // kube-scheduler, kube-controller-manager
Identity kubelet_client_identity();                         // the API server towards kubelets
Identity front_proxy_client_identity();                     // the API server towards other API servers
Identity node_identity(const std::string& node, const std::string& ip);
// Of a program that simulates many nodes: no kubelet, since it acts for all of them.
inline constexpr char kHollowUser[] = "plumbline:hollow-nodes";
Identity hollow_identity();

// A kubeconfig with everything inside, mode 0600.
Status write_kubeconfig(const std::string& path, const std::string& cluster, const std::string& server, const std::string& ca_pem,
                        const std::string& user, const net::KeyPair& pair);

// Appears whole or not at all.
Status write_private_file(const std::string& path, const std::string& content);

}  // namespace plumb::cluster
