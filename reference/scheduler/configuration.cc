#include "reference/scheduler/configuration.h"

#include "reference/api/doc/yaml.h"
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

}  // namespace

Result<SchedulerOptions> read_configuration(std::string_view yaml) {
  const DocReader file(PLUMB_TRY(api::parse_yaml(yaml)), "");
  if (file.doc()["apiVersion"] != api::Doc(version) || file.doc()["kind"] != api::Doc(kind))
    return fail(plumb::Code::invalid_argument, "the file must be a " + std::string(kind) + " of " + std::string(version));
  PLUMB_TRY(file.members({"apiVersion", "kind", "parallelism", "leaderElection", "clientConnection", "healthzBindAddress", "metricsBindAddress",
                          "enableProfiling", "enableContentionProfiling", "percentageOfNodesToScore", "podInitialBackoffSeconds",
                          "podMaxBackoffSeconds", "profiles", "extenders", "delayCacheUntilActive"}));
  SchedulerOptions options;
  const auto extenders = PLUMB_TRY(file.list("extenders"));
  if (!extenders.empty()) return file.error("extenders", "are not supported");
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
  return options;
}

}  // namespace plumb::scheduler
