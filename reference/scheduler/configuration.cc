#include "reference/scheduler/configuration.h"

#include "harness/base/encoding.h"
#include "reference/api/doc/yaml.h"
#include "reference/api/text/time.h"
#include "reference/scheduler/doc_reader.h"

namespace plumb::scheduler {

namespace {

constexpr std::string_view version = "kubescheduler.config.k8s.io/v1", kind = "KubeSchedulerConfiguration";
constexpr std::int64_t most_seconds = 1'000'000;

Status read_enabled(const DocReader& set, bool weighted, PluginSet& into) {
  const auto enabled = PLUMB_TRY(set.list("enabled"));
  for (const DocReader& one : enabled) {
    PLUMB_TRY(one.members({"name", "weight"}));
    PluginChoice choice;
    choice.name = PLUMB_TRY(one.text("name", ""));
    if (choice.name.empty()) return one.error("name", "is needed");
    choice.weight = static_cast<int>(PLUMB_TRY(one.integer("weight", 0, 0, 1'000'000)));
    if (choice.weight != 0 && !weighted) return one.error("weight", "has a meaning for score and multiPoint alone");
    into.enabled.push_back(std::move(choice));
  }
  return {};
}

Status read_disabled(const DocReader& set, PluginSet& into) {
  const auto disabled = PLUMB_TRY(set.list("disabled"));
  for (const DocReader& one : disabled) {
    PLUMB_TRY(one.members({"name", "weight"}));
    const std::string name = PLUMB_TRY(one.text("name", ""));
    if (name.empty()) return one.error("name", "is needed");
    into.disabled.insert(name);
  }
  return {};
}

Status read_plugins(const DocReader& plugins, ProfileOptions& profile) {
  PLUMB_TRY(plugins.members({"multiPoint", "preEnqueue", "queueSort", "preFilter", "filter", "postFilter", "preScore", "score", "reserve", "permit", "preBind",
                             "bind", "postBind", "placementGenerate", "placementScore"}));
  for (const api::Doc::Member& member : plugins.doc().members()) {
    const DocReader set = plugins.object(member.name());
    PLUMB_TRY(set.members({"enabled", "disabled"}));
    PluginSet& into = profile.plugins[std::string(member.name())];
    PLUMB_TRY(read_enabled(set, member.name() == "score" || member.name() == "multiPoint", into));
    PLUMB_TRY(read_disabled(set, into));
  }
  return {};
}

Status read_plugin_config(const DocReader& profile, ProfileOptions& into) {
  const auto configs = PLUMB_TRY(profile.list("pluginConfig"));
  for (const DocReader& one : configs) {
    PLUMB_TRY(one.members({"name", "args"}));
    const std::string name = PLUMB_TRY(one.text("name", ""));
    DocReader args = one.object("args");
    if (args.has("apiVersion") && args.doc()["apiVersion"] != api::Doc(version)) return args.error("apiVersion", "must be " + std::string(version));
    if (args.has("kind") && args.doc()["kind"] != api::Doc(name + "Args")) return args.error("kind", "must be " + name + "Args");
    const api::Doc rest = args.doc().is_object() ? args.doc().without("apiVersion").without("kind") : args.doc();
    if (!into.plugin_config.emplace(name, DocReader(rest, args.path())).second) return one.error("name", "there are arguments for " + name + " already");
  }
  return {};
}

Result<ProfileOptions> read_profile(const DocReader& profile, int percentage) {
  PLUMB_TRY(profile.members({"schedulerName", "percentageOfNodesToScore", "plugins", "pluginConfig"}));
  ProfileOptions made;
  made.scheduler_name = PLUMB_TRY(profile.text("schedulerName", "default-scheduler"));
  made.percentage_of_nodes_to_score = static_cast<int>(PLUMB_TRY(profile.integer("percentageOfNodesToScore", percentage, 0, 100)));
  PLUMB_TRY(read_plugins(profile.object("plugins"), made));
  PLUMB_TRY(read_plugin_config(profile, made));
  return made;
}

Result<std::string> read_data(const DocReader& from, std::string_view name) {
  const std::string text = PLUMB_TRY(from.text(name, ""));
  auto data = base64_decode(text);
  if (!data) return from.error(name, "must be base64");
  return std::move(*data);
}

Result<ExtenderOptions::Tls> read_tls(const DocReader& tls) {
  PLUMB_TRY(tls.members({"insecure", "serverName", "certFile", "keyFile", "caFile", "certData", "keyData", "caData"}));
  ExtenderOptions::Tls made;
  made.insecure = PLUMB_TRY(tls.flag("insecure", false));
  made.server_name = PLUMB_TRY(tls.text("serverName", ""));
  made.cert_file = PLUMB_TRY(tls.text("certFile", ""));
  made.key_file = PLUMB_TRY(tls.text("keyFile", ""));
  made.ca_file = PLUMB_TRY(tls.text("caFile", ""));
  made.cert_data = PLUMB_TRY(read_data(tls, "certData"));
  made.key_data = PLUMB_TRY(read_data(tls, "keyData"));
  made.ca_data = PLUMB_TRY(read_data(tls, "caData"));
  return made;
}

Result<Duration> read_timeout(const DocReader& extender) {
  const std::string text = PLUMB_TRY(extender.text("httpTimeout", "0s"));
  const auto timeout = api::parse_duration(text);
  if (!timeout.ok()) return extender.error("httpTimeout", timeout.error().message);
  if (*timeout < Duration::zero()) return extender.error("httpTimeout", "must not be below zero");
  return *timeout == Duration::zero() ? ExtenderOptions().timeout : *timeout;
}

// Adds the resources that nodes need not have to `ignored`.
Result<ExtenderOptions> read_extender(const DocReader& extender, std::vector<api::Doc>& ignored) {
  PLUMB_TRY(extender.members({"urlPrefix", "filterVerb", "preemptVerb", "prioritizeVerb", "weight", "bindVerb", "enableHTTPS", "tlsConfig", "httpTimeout",
                              "nodeCacheCapable", "managedResources", "ignorable"}));
  ExtenderOptions made;
  made.url_prefix = PLUMB_TRY(extender.text("urlPrefix", ""));
  made.filter_verb = PLUMB_TRY(extender.text("filterVerb", ""));
  made.preempt_verb = PLUMB_TRY(extender.text("preemptVerb", ""));
  made.prioritize_verb = PLUMB_TRY(extender.text("prioritizeVerb", ""));
  made.bind_verb = PLUMB_TRY(extender.text("bindVerb", ""));
  made.weight = PLUMB_TRY(extender.integer("weight", 0, 0, 1'000'000));
  made.https = PLUMB_TRY(extender.flag("enableHTTPS", false));
  if (extender.has("tlsConfig")) made.tls = PLUMB_TRY(read_tls(extender.object("tlsConfig")));
  made.timeout = PLUMB_TRY(read_timeout(extender));
  made.node_cache_capable = PLUMB_TRY(extender.flag("nodeCacheCapable", false));
  made.ignorable = PLUMB_TRY(extender.flag("ignorable", false));
  const auto managed = PLUMB_TRY(extender.list("managedResources"));
  for (const DocReader& one : managed) {
    PLUMB_TRY(one.members({"name", "ignoredByScheduler"}));
    const std::string name = PLUMB_TRY(one.text("name", ""));
    if (!made.managed_resources.insert(name).second) return one.error("name", name + " is there already");
    if (PLUMB_TRY(one.flag("ignoredByScheduler", false))) ignored.emplace_back(name);
  }
  return made;
}

// Whether there is room for these is for extenders to say.
void ignore_resources(ProfileOptions& profile, const std::vector<api::Doc>& names) {
  if (names.empty()) return;
  DocReader& args = profile.plugin_config.try_emplace("NodeResourcesFit", api::Doc::object(), "args").first->second;
  api::Doc ignored = args.doc()["ignoredResources"];
  for (const api::Doc& name : names) ignored = ignored.appended(name);
  args = DocReader(args.doc().with("ignoredResources", ignored), args.path());
}

}  // namespace

Result<SchedulerOptions> read_configuration(std::string_view yaml) {
  const DocReader file(PLUMB_TRY(api::parse_yaml(yaml)), "");
  if (file.doc()["apiVersion"] != api::Doc(version) || file.doc()["kind"] != api::Doc(kind))
    return fail(plumb::Code::invalid_argument, "the file must be a " + std::string(kind) + " of " + std::string(version));
  PLUMB_TRY(file.members({"apiVersion", "kind", "parallelism", "leaderElection", "clientConnection", "healthzBindAddress", "metricsBindAddress",
                          "enableProfiling", "enableContentionProfiling", "percentageOfNodesToScore", "podInitialBackoffSeconds",
                          "podMaxBackoffSeconds", "profiles", "extenders", "delayCacheUntilActive"}));
  SchedulerOptions options;
  std::vector<api::Doc> ignored;
  const auto extenders = PLUMB_TRY(file.list("extenders"));
  for (const DocReader& extender : extenders) options.extenders.push_back(PLUMB_TRY(read_extender(extender, ignored)));
  PLUMB_TRY(check_extenders(options.extenders));
  const std::int64_t first = PLUMB_TRY(file.integer("podInitialBackoffSeconds", 1, 1, most_seconds));
  const std::int64_t last = PLUMB_TRY(file.integer("podMaxBackoffSeconds", std::max<std::int64_t>(first, 10), first, most_seconds));
  options.queue.first_backoff = std::chrono::seconds(first);
  options.queue.last_backoff = std::chrono::seconds(last);
  const int percentage = static_cast<int>(PLUMB_TRY(file.integer("percentageOfNodesToScore", 0, 0, 100)));
  const auto profiles = PLUMB_TRY(file.list("profiles"));
  if (!profiles.empty()) options.profiles.clear();
  else options.profiles.front().percentage_of_nodes_to_score = percentage;
  for (const DocReader& profile : profiles) {
    if (profiles.size() > 1 && !profile.has("schedulerName")) return profile.error("schedulerName", "is needed where there are several profiles");
    options.profiles.push_back(PLUMB_TRY(read_profile(profile, percentage)));
  }
  for (ProfileOptions& profile : options.profiles) ignore_resources(profile, ignored);
  return options;
}

}  // namespace plumb::scheduler
