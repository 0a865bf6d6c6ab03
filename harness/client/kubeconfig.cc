#include "harness/client/kubeconfig.h"

#include <sys/wait.h>
#include <yaml-cpp/yaml.h>

#include <boost/process.hpp>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>

#include "harness/base/encoding.h"
#include "harness/base/file.h"

namespace plumb::client {
namespace {

namespace fs = std::filesystem;

// One entry of clusters, users or contexts, and the folder its relative paths start from.
struct Entry {
  YAML::Node body;
  std::string folder;
};

struct Merged {
  std::map<std::string, Entry> clusters, users, contexts;
  std::string current;
};

std::string text_of(const YAML::Node& node, const char* key) {
  const YAML::Node value = node[key];
  return value && value.IsScalar() ? value.as<std::string>() : std::string();
}

std::string absolute(const std::string& path, const std::string& folder) {
  return path.empty() || path[0] == '/' ? path : (fs::path(folder) / path).string();
}

// `<key>-data` (base64) wins over `<key>` (a path).
Result<std::string> data_or_file(const Entry& entry, const std::string& key, const std::string& what) {
  if (const std::string data = text_of(entry.body, (key + "-data").c_str()); !data.empty()) {
    const auto decoded = base64_decode(data);
    if (!decoded) return fail(Code::invalid_argument, what + ": " + key + "-data is not base64: copy the kubeconfig again");
    return *decoded;
  }
  const std::string path = text_of(entry.body, key.c_str());
  if (path.empty()) return std::string();
  auto text = read_file(absolute(path, entry.folder));
  if (!text.ok()) return text.error().in(what + ": " + key);
  return text;
}

void merge_list(const YAML::Node& root, const char* list, const char* key, const std::string& folder, std::map<std::string, Entry>& into) {
  for (const YAML::Node& item : root[list]) {
    if (item.IsMap() && item[key] && item[key].IsMap()) into.emplace(text_of(item, "name"), Entry{item[key], folder});
  }
}

Status merge(const std::string& text, const std::string& folder, Merged& into) {
  const YAML::Node root = YAML::Load(text);
  if (!root.IsMap()) return fail(Code::invalid_argument, "it is not a kubeconfig: a mapping with clusters, users and contexts is expected");
  merge_list(root, "clusters", "cluster", folder, into.clusters);
  merge_list(root, "users", "user", folder, into.users);
  merge_list(root, "contexts", "context", folder, into.contexts);
  if (into.current.empty()) into.current = text_of(root, "current-context");
  return {};
}

std::string names(const std::map<std::string, Entry>& entries) {
  std::vector<std::string> all;
  for (const auto& [name, entry] : entries) all.push_back(name);
  return all.empty() ? "none" : join(all, ", ");
}

ExecPlugin exec_of(const YAML::Node& node, const std::string& folder) {
  ExecPlugin plugin{.api_version = text_of(node, "apiVersion"), .command = text_of(node, "command"), .install_hint = text_of(node, "installHint")};
  if (plugin.command.find('/') != std::string::npos) plugin.command = absolute(plugin.command, folder);
  if (node["args"]) plugin.args = node["args"].as<std::vector<std::string>>();
  for (const YAML::Node& variable : node["env"]) plugin.env.emplace_back(text_of(variable, "name"), text_of(variable, "value"));
  return plugin;
}

Result<Credentials> user_of(const Entry& entry, const std::string& what) {
  const YAML::Node& body = entry.body;
  Credentials user{.client_certificate = PLUMB_TRY(data_or_file(entry, "client-certificate", what)),
                   .client_key = PLUMB_TRY(data_or_file(entry, "client-key", what)),
                   .token = text_of(body, "token"),
                   .token_file = absolute(text_of(body, "tokenFile"), entry.folder),
                   .username = text_of(body, "username"),
                   .password = text_of(body, "password"),
                   .impersonate_user = text_of(body, "as"),
                   .impersonate_uid = text_of(body, "as-uid")};
  if (user.client_certificate.empty() != user.client_key.empty()) {
    return fail(Code::invalid_argument, what + ": a client certificate needs its key and a key its certificate: give both");
  }
  if (body["as-groups"]) user.impersonate_groups = body["as-groups"].as<std::vector<std::string>>();
  if (body["as-user-extra"]) user.impersonate_extra = body["as-user-extra"].as<std::map<std::string, std::vector<std::string>>>();
  if (body["exec"] && body["exec"].IsMap()) {
    user.exec = exec_of(body["exec"], entry.folder);
    if (user.exec->command.empty()) return fail(Code::invalid_argument, what + ": exec names no command");
  }
  return user;
}

Result<Config> choose(const Merged& merged, std::string context) {
  if (context.empty()) context = merged.current;
  if (context.empty()) {
    return fail(Code::invalid_argument, "no current-context is set: choose one with --context (there are: " + names(merged.contexts) + ")");
  }
  const auto chosen = merged.contexts.find(context);
  if (chosen == merged.contexts.end()) {
    return fail(Code::not_found, "there is no context \"" + context + "\": choose one of " + names(merged.contexts) + " with --context");
  }
  const std::string cluster_name = text_of(chosen->second.body, "cluster");
  const auto cluster = merged.clusters.find(cluster_name);
  if (cluster == merged.clusters.end()) {
    return fail(Code::not_found, "context \"" + context + "\" names cluster \"" + cluster_name + "\", which is not there: clusters are " +
                                     names(merged.clusters));
  }
  const YAML::Node& body = cluster->second.body;
  Config config{.context = context,
                .server = text_of(body, "server"),
                .ca = PLUMB_TRY(data_or_file(cluster->second, "certificate-authority", "cluster \"" + cluster_name + "\"")),
                .insecure = text_of(body, "insecure-skip-tls-verify") == "true",
                .tls_server_name = text_of(body, "tls-server-name"),
                .proxy_url = text_of(body, "proxy-url")};
  while (config.server.ends_with('/')) config.server.pop_back();
  if (!config.server.starts_with("https://") && !config.server.starts_with("http://")) {
    return fail(Code::invalid_argument, "cluster \"" + cluster_name + "\" has no usable server: https://host:port is expected");
  }
  if (const std::string space = text_of(chosen->second.body, "namespace"); !space.empty()) config.namespace_ = space;

  const std::string user_name = text_of(chosen->second.body, "user");
  if (user_name.empty()) return config;
  const auto user = merged.users.find(user_name);
  if (user == merged.users.end()) {
    return fail(Code::not_found,
                "context \"" + context + "\" names user \"" + user_name + "\", which is not there: users are " + names(merged.users));
  }
  config.user = PLUMB_TRY(user_of(user->second, "user \"" + user_name + "\""));
  return config;
}

// yaml-cpp throws on malformed text and on conversions of the wrong kind.
template <class Work>
auto guarded(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const YAML::Exception& problem) {
    return fail(Code::invalid_argument, std::string("it is not valid YAML: ") + problem.what());
  }
}

std::vector<std::string> default_paths() {
  std::vector<std::string> paths;
  if (const char* listed = std::getenv("KUBECONFIG"); listed != nullptr && *listed != 0) {
    for (const auto path : split(listed, ':')) {
      if (!path.empty()) paths.emplace_back(path);
    }
    return paths;
  }
  if (const char* home = std::getenv("HOME"); home != nullptr) paths.push_back(std::string(home) + "/.kube/config");
  return paths;
}

}  // namespace

Result<Config> parse_config(const std::string& text, const std::string& folder, const std::string& context) {
  return guarded([&]() -> Result<Config> {
    Merged merged;
    PLUMB_TRY(merge(text, folder, merged));
    return choose(merged, context);
  });
}

Result<Config> load_config(const ConfigChoice& choice) {
  const auto paths = choice.path.empty() ? default_paths() : std::vector<std::string>{choice.path};
  Merged merged;
  std::vector<std::string> read;
  for (const std::string& path : paths) {
    auto text = read_file(path);
    if (!text.ok()) {
      if (!choice.path.empty()) return fail(Code::not_found, "kubeconfig: " + text.error().message + ": check the path given to --kubeconfig");
      continue;
    }
    const std::string folder = fs::absolute(path).parent_path().string();
    const Status merging = guarded([&] { return merge(*text, folder, merged); });
    if (!merging.ok()) return merging.error().in("kubeconfig " + path);
    read.push_back(path);
  }
  if (read.empty()) {
    if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) return in_cluster_config();
    return fail(Code::not_found, "no kubeconfig found (looked at " + (paths.empty() ? "$KUBECONFIG" : join(paths, ", ")) +
                                     "): give one with --kubeconfig, or start a cluster with `plumb up`");
  }
  auto config = guarded([&] { return choose(merged, choice.context); });
  if (!config.ok()) return config.error().in("kubeconfig " + join(read, ":"));
  return config;
}

Result<Config> in_cluster_config(const std::string& folder) {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr) return fail(Code::not_found, "not in a cluster: KUBERNETES_SERVICE_HOST and _PORT are not set");
  const std::string name(host);
  Config config{.server = "https://" + (name.find(':') == std::string::npos ? name : "[" + name + "]") + ":" + port,
                .ca = PLUMB_TRY(read_file(folder + "/ca.crt"))};
  config.user.token_file = folder + "/token";
  if (auto space = read_file(folder + "/namespace"); space.ok()) config.namespace_ = std::string(trim(*space));
  return config;
}

Result<Credentials> resolve_exec(const Credentials& credentials) {
  if (!credentials.exec) return credentials;
  const ExecPlugin& plugin = *credentials.exec;
  const std::string what = "credential plug-in " + plugin.command;
  namespace bp = boost::process;
  std::string output;
  try {
    const auto program = plugin.command.find('/') == std::string::npos ? bp::search_path(plugin.command) : boost::filesystem::path(plugin.command);
    bp::environment environment = boost::this_process::environment();
    for (const auto& [name, value] : plugin.env) environment[name] = value;
    const std::string version = plugin.api_version.empty() ? "client.authentication.k8s.io/v1" : plugin.api_version;
    environment["KUBERNETES_EXEC_INFO"] =
        nlohmann::json({{"apiVersion", version}, {"kind", "ExecCredential"}, {"spec", {{"interactive", false}}}}).dump();
    bp::ipstream out;
    bp::child child(program, bp::args(plugin.args), environment, bp::std_out > out, bp::std_in < bp::null);
    output.assign(std::istreambuf_iterator<char>(out), {});
    child.wait();
    if (child.exit_code() != 0) {
      return fail(Code::unauthenticated, what + " ended with exit code " + std::to_string(child.exit_code()) + ": run it by hand to see why");
    }
  } catch (const std::exception&) {
    return fail(Code::unauthenticated, what + " cannot be started: " +
                                           (plugin.install_hint.empty() ? "install it, or put it on the PATH" : plugin.install_hint));
  }
  const auto answer = nlohmann::json::parse(output, nullptr, false);
  if (!answer.is_object() || !answer.contains("status") || !answer["status"].is_object()) {
    return fail(Code::unauthenticated, what + " did not print an ExecCredential with a status");
  }
  Credentials out = credentials;
  out.exec.reset();
  const auto take = [&](const char* key, std::string& into) {
    const auto found = answer["status"].find(key);
    if (found != answer["status"].end() && found->is_string()) into = found->get<std::string>();
  };
  take("token", out.token);
  take("clientCertificateData", out.client_certificate);
  take("clientKeyData", out.client_key);
  return out;
}

std::string endpoint_of(const Config& config) {
  const auto scheme = config.server.find("://");
  std::string rest = scheme == std::string::npos ? config.server : config.server.substr(scheme + 3);
  rest = rest.substr(0, rest.find('/'));
  const auto user = rest.rfind('@');
  return user == std::string::npos ? rest : rest.substr(user + 1);
}

}  // namespace plumb::client
