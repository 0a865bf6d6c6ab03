#include "reference/scheduler/profile.h"

#include <algorithm>

namespace plumb::scheduler {

namespace {

const PluginSet& set_of(const ProfileOptions& options, std::string_view point) {
  static const PluginSet none;
  const auto found = options.plugins.find(std::string(point));
  return found == options.plugins.end() ? none : found->second;
}

// Its place among those enabled there; their number when it is not one of them.
std::size_t place_in(const PluginSet& set, std::string_view name) {
  return static_cast<std::size_t>(
      std::find_if(set.enabled.begin(), set.enabled.end(), [&](const PluginChoice& one) { return one.name == name; }) - set.enabled.begin());
}
bool enables(const PluginSet& set, std::string_view name) { return place_in(set, name) < set.enabled.size(); }
bool disables(const PluginSet& set, std::string_view name) { return set.disabled.contains("*") || set.disabled.contains(std::string(name)); }

bool on_everywhere(const ProfileOptions& options, const Traits& traits) {
  const PluginSet& set = set_of(options, "multiPoint");
  return enables(set, traits.name) || (traits.by_default && !disables(set, traits.name));
}

bool on_at(const ProfileOptions& options, std::string_view point, const Traits& traits) {
  const PluginSet& set = set_of(options, point);
  return enables(set, traits.name) || (on_everywhere(options, traits) && !disables(set, traits.name));
}

bool on_somewhere(const ProfileOptions& options, const Traits& traits) {
  return on_everywhere(options, traits) ||
         std::any_of(options.plugins.begin(), options.plugins.end(), [&](const auto& entry) { return enables(entry.second, traits.name); });
}

int weight_of(const ProfileOptions& options, const Traits& traits) {
  int weight = traits.weight;
  for (const std::string_view point : {"multiPoint", "score"}) {
    const PluginSet& set = set_of(options, point);
    if (!enables(set, traits.name)) continue;
    const int said = set.enabled[place_in(set, traits.name)].weight;
    weight = said != 0 ? said : std::max(weight, 1);
  }
  return weight;
}

Status check_names(const ProfileOptions& options) {
  const auto& known = Registry<Plugin>::all();
  const auto check = [&](const std::string& name) -> Status {
    if (known.contains(name)) return {};
    return fail(plumb::Code::invalid_argument, "profile " + options.scheduler_name + ": there is no plugin " + name);
  };
  for (const auto& [point, set] : options.plugins) {
    for (const PluginChoice& one : set.enabled) PLUMB_TRY(check(one.name));
    for (const std::string& name : set.disabled)
      if (name != "*") PLUMB_TRY(check(name));
  }
  for (const auto& [name, args] : options.plugin_config) PLUMB_TRY(check(name));
  return {};
}

}  // namespace

Result<std::unique_ptr<Profile>> Profile::make(ProfileOptions options) {
  PLUMB_TRY(check_names(options));
  std::vector<std::unique_ptr<Plugin>> chosen;
  for (const auto& [name, make_plugin] : Registry<Plugin>::all()) {
    auto plugin = make_plugin();
    if (!on_somewhere(options, plugin->traits())) continue;
    const auto args = options.plugin_config.find(name);
    if (args != options.plugin_config.end()) PLUMB_TRY(plugin->configure(args->second));
    chosen.push_back(std::move(plugin));
  }
  std::stable_sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) { return a->traits().order < b->traits().order; });

  std::unique_ptr<Profile> profile(new Profile(std::move(options)));
  for (auto& plugin : chosen) profile->add(std::move(plugin));
  if (profile->queue_sort.size() != 1 || profile->bind.empty())
    return fail(plumb::Code::invalid_argument, "profile " + profile->options().scheduler_name + " needs exactly one plugin that sorts the queue and at least one that binds");
  return profile;
}

template <class Point>
void Profile::add_to(std::vector<Asked<Point>>& asked, std::string_view point, Plugin& plugin, std::size_t slot, const Traits& traits) {
  auto* as_point = dynamic_cast<Point*>(&plugin);
  if (!as_point || !on_at(options_, point, traits)) return;
  asked.push_back({as_point, slot, traits});
  const PluginSet& set = set_of(options_, point);
  std::stable_sort(asked.begin(), asked.end(),
                   [&](const Asked<Point>& a, const Asked<Point>& b) { return place_in(set, a.traits.name) < place_in(set, b.traits.name); });
}

void Profile::add(std::unique_ptr<Plugin> plugin) {
  Traits traits = plugin->traits();
  traits.weight = weight_of(options_, traits);
  const std::size_t slot = plugins_.size();
  add_to(pre_enqueue, "preEnqueue", *plugin, slot, traits);
  add_to(queue_sort, "queueSort", *plugin, slot, traits);
  add_to(pre_filter, "preFilter", *plugin, slot, traits);
  add_to(pre_filter_extensions, "preFilter", *plugin, slot, traits);
  add_to(filter, "filter", *plugin, slot, traits);
  add_to(post_filter, "postFilter", *plugin, slot, traits);
  if (traits.weight != 0) add_to(score, "score", *plugin, slot, traits);
  add_to(reserve, "reserve", *plugin, slot, traits);
  add_to(permit, "permit", *plugin, slot, traits);
  add_to(pre_bind, "preBind", *plugin, slot, traits);
  add_to(bind, "bind", *plugin, slot, traits);
  plugins_.push_back(std::move(plugin));
  events_.push_back(traits.events);
}

bool Profile::admits(const PodInfo& pod) const {
  return std::all_of(pre_enqueue.begin(), pre_enqueue.end(), [&](const auto& asked) { return asked.plugin->pre_enqueue(pod).ok(); });
}

bool Profile::helps(const PodInfo& pod, const Refusers& refusers, const Change& change) const {
  if (refusers.plugins == Refusers::unknown().plugins) return true;
  for (std::size_t slot = 0; slot < plugins_.size(); ++slot)
    if ((refusers.plugins >> (slot % 64) & 1) && (events_[slot] & change.events) && plugins_[slot]->helps(pod, change)) return true;
  return false;
}

}  // namespace plumb::scheduler
