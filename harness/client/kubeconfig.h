// Where a cluster is and who we are there: a kubeconfig (or several, merged as KUBECONFIG says: the first to set a name wins), or
// the service account of the pod we run in. Rules: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
//
// Errors are one sentence with the remedy. Secrets are held here and go nowhere else: no message contains one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace plumb::client {

struct ExecPlugin {  // client.authentication.k8s.io/v1 and v1beta1
  std::string api_version;
  std::string command;
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::string install_hint;
};

// PEM texts, never paths.
struct Credentials {
  std::string client_certificate, client_key;
  std::string token;
  std::string token_file;  // read again from time to time: tokens in pods rotate
  std::string username, password;
  std::optional<ExecPlugin> exec;
  std::string impersonate_user, impersonate_uid;
  std::vector<std::string> impersonate_groups;
  std::map<std::string, std::vector<std::string>> impersonate_extra;
};

struct Config {
  std::string context;    // its name; empty in a cluster
  std::string server;     // https://host:port[/path], without a final slash
  std::string namespace_ = "default";
  std::string ca;         // PEM; empty: the system's
  bool insecure = false;  // certificates are not checked
  std::string tls_server_name;
  std::string proxy_url;
  Credentials user;
};

struct ConfigChoice {
  std::string path;     // --kubeconfig; empty: $KUBECONFIG, then ~/.kube/config, then the pod's service account
  std::string context;  // empty: current-context
};

Result<Config> load_config(const ConfigChoice& choice);
// From the text of one kubeconfig; relative paths in it are relative to `folder`.
Result<Config> parse_config(const std::string& text, const std::string& folder, const std::string& context = {});
Result<Config> in_cluster_config(const std::string& folder = "/var/run/secrets/kubernetes.io/serviceaccount");

// Runs the user's exec plug-in and returns the credentials with what it answered. No-op without one.
Result<Credentials> resolve_exec(const Credentials& credentials);

// host:port of the server, without path or credentials.
std::string endpoint_of(const Config& config);

}  // namespace plumb::client
