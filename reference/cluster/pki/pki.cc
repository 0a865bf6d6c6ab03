#include "reference/cluster/pki/pki.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "harness/base/encoding.h"
#include "harness/base/file.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;
constexpr auto ca_life = 24h * 3650, leaf_life = 24h * 365, renew_before = 24h * 30;

bool fits(const net::CertificateInfo& have, const Identity& wanted, WallTime now) {
  const auto covers = [](const std::vector<std::string>& names, const std::vector<std::string>& needed) {
    return std::all_of(needed.begin(), needed.end(), [&](const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); });
  };
  return have.common_name == wanted.common_name && have.organizations == wanted.organizations && covers(have.dns_names, wanted.dns_names) &&
         covers(have.ip_addresses, wanted.ip_addresses) && now + renew_before < have.not_after;
}

}  // namespace

Status write_private_file(const std::string& path, const std::string& content) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const std::string fresh = path + ".new";
  const int file = open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return fail_errno("writing " + fresh);
  const bool written = write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) && fsync(file) == 0;
  close(file);
  if (!written || rename(fresh.c_str(), path.c_str()) != 0) return fail_errno("writing " + path);
  return {};
}

Result<Pki> Pki::open(const Layout& layout, Clock& clock) {
  Pki made(layout, clock);
  const std::string signer = layout.pki("sa.key");
  made.authority_ = PLUMB_TRY(made.authority("ca", "kubernetes"));
  made.front_proxy_ = PLUMB_TRY(made.authority("front-proxy-ca", "front-proxy-ca"));
  if (!std::filesystem::exists(signer)) PLUMB_TRY(write_private_file(signer, PLUMB_TRY(net::generate_ec_key())));
  made.signing_key_pem_ = PLUMB_TRY(read_file(signer));
  return made;
}

Result<net::CertificateAuthority> Pki::authority(const std::string& file, const std::string& common_name) const {
  const std::string certificate = layout_.pki(file + ".crt"), key = layout_.pki(file + ".key");
  net::CertificateAuthority made;
  if (std::filesystem::exists(key)) {
    made.certificate_pem = PLUMB_TRY(read_file(certificate));
    made.key_pem = PLUMB_TRY(read_file(key));
    return made;
  }
  const WallTime now = clock_->wall();
  made = PLUMB_TRY(net::make_authority(common_name, now - 5min, now + ca_life));
  PLUMB_TRY(write_private_file(certificate, made.certificate_pem));
  PLUMB_TRY(write_private_file(key, made.key_pem));
  return made;
}

Result<net::KeyPair> Pki::identity_of(const net::CertificateAuthority& authority, const Identity& wanted) const {
  const std::string certificate = layout_.pki(wanted.name + ".crt"), key = layout_.pki(wanted.name + ".key");
  const WallTime now = clock_->wall();
  if (std::filesystem::exists(certificate) && std::filesystem::exists(key)) {
    net::KeyPair pair{PLUMB_TRY(read_file(certificate)), PLUMB_TRY(read_file(key))};
    const auto info = net::parse_certificate(pair.certificate_pem);
    if (info.ok() && fits(*info, wanted, now)) return pair;
  }
  net::CertificateRequest request;
  request.common_name = wanted.common_name;
  request.organizations = wanted.organizations;
  request.dns_names = wanted.dns_names;
  request.ip_addresses = wanted.ip_addresses;
  request.for_server = wanted.server;
  request.for_client = wanted.client;
  request.not_before = now - 5min;
  request.not_after = now + leaf_life;
  net::KeyPair pair = PLUMB_TRY(net::issue_certificate(authority, request));
  PLUMB_TRY(write_private_file(certificate, pair.certificate_pem));
  PLUMB_TRY(write_private_file(key, pair.key_pem));
  return pair;
}

Identity apiserver_identity(const std::vector<std::string>& ips) {
  Identity made{"apiserver", "kube-apiserver"};
  made.dns_names = {"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"};
  made.ip_addresses = ips;
  made.server = true;
  return made;
}
Identity admin_identity() {
  Identity made{"admin", "kubernetes-admin", {"system:masters"}};
  made.client = true;
  return made;
}
Identity component_identity(const std::string& component) {
  Identity made{component, "system:" + component};
  made.dns_names = {"localhost"};
  made.ip_addresses = {"127.0.0.1"};
  made.server = true;
  made.client = true;
  return made;
}
Identity kubelet_client_identity() {
  Identity made{"apiserver-kubelet-client", "system:kube-apiserver:kubelet-client"};
  made.client = true;
  return made;
}
Identity front_proxy_client_identity() {
  Identity made{"front-proxy-client", "front-proxy-client"};
  made.client = true;
  return made;
}
Identity node_identity(const std::string& node, const std::string& ip) {
  Identity made{"node-" + node, "system:node:" + node, {"system:nodes"}};
  made.dns_names = {node};
  if (!ip.empty()) made.ip_addresses = {ip};
  made.server = true;
  made.client = true;
  return made;
}

Identity hollow_identity() {
  Identity made{"hollow-nodes", kHollowUser};
  made.dns_names = {"hollow-nodes"};
  made.server = true;
  made.client = true;
  return made;
}

Status write_kubeconfig(const std::string& path, const std::string& cluster, const std::string& server, const std::string& ca_pem, const std::string& user,
                        const net::KeyPair& pair) {
  std::string text = "apiVersion: v1\nkind: Config\nclusters:\n- name: " + cluster + "\n  cluster:\n    server: " + server +
                     "\n    certificate-authority-data: " + base64_encode(ca_pem) + "\nusers:\n- name: " + user +
                     "\n  user:\n    client-certificate-data: " + base64_encode(pair.certificate_pem) + "\n    client-key-data: " + base64_encode(pair.key_pem) +
                     "\ncontexts:\n- name: " + cluster + "\n  context:\n    cluster: " + cluster + "\n    user: " + user + "\ncurrent-context: " + cluster + "\n";
  return write_private_file(path, text);
}

}  // namespace plumb::cluster
