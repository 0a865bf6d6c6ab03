#include "reference/scheduler/profile.h"

#include <algorithm>

namespace plumb::scheduler {

namespace {

template <class Point>
void add_to(std::vector<Profile::Asked<Point>>& points, Plugin& plugin, std::size_t slot, const Traits& traits) {
  if (auto* point = dynamic_cast<Point*>(&plugin)) points.push_back({point, slot, traits});
}

}  // namespace

Result<std::unique_ptr<Profile>> Profile::make(ProfileOptions options) {
  const auto& known = Registry<Plugin>::all();
  const auto check = [&](const std::string& name) -> Status {
    if (known.contains(name)) return {};
    return fail(plumb::Code::invalid_argument, "profile " + options.scheduler_name + ": there is no plugin " + name);
  };
  for (const std::string& name : options.enabled) PLUMB_TRY(check(name));
  for (const std::string& name : options.disabled) PLUMB_TRY(check(name));
  for (const auto& [name, weight] : options.weights) PLUMB_TRY(check(name));

  std::vector<std::unique_ptr<Plugin>> chosen;
  for (const auto& [name, make_plugin] : known) {
    auto plugin = make_plugin();
    if (options.disabled.contains(name)) continue;
    if (plugin->traits().by_default || options.enabled.contains(name)) chosen.push_back(std::move(plugin));
  }
  std::stable_sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) { return a->traits().order < b->traits().order; });

  std::unique_ptr<Profile> profile(new Profile(std::move(options)));
  for (auto& plugin : chosen) profile->add(std::move(plugin));
  if (profile->queue_sort.size() != 1 || profile->bind.empty())
    return fail(plumb::Code::invalid_argument, "profile " + profile->options().scheduler_name + " needs exactly one plugin that sorts the queue and at least one that binds");
  return profile;
}

void Profile::add(std::unique_ptr<Plugin> plugin) {
  Traits traits = plugin->traits();
  const auto weight = options_.weights.find(std::string(traits.name));
  if (weight != options_.weights.end()) traits.weight = weight->second;
  const std::size_t slot = plugins_.size();
  add_to(pre_enqueue, *plugin, slot, traits);
  add_to(queue_sort, *plugin, slot, traits);
  add_to(pre_filter, *plugin, slot, traits);
  add_to(pre_filter_extensions, *plugin, slot, traits);
  add_to(filter, *plugin, slot, traits);
  add_to(post_filter, *plugin, slot, traits);
  if (traits.weight != 0) add_to(score, *plugin, slot, traits);
  add_to(reserve, *plugin, slot, traits);
  add_to(permit, *plugin, slot, traits);
  add_to(bind, *plugin, slot, traits);
  plugins_.push_back(std::move(plugin));
}

bool Profile::admits(const PodInfo& pod) const {
  return std::all_of(pre_enqueue.begin(), pre_enqueue.end(), [&](const auto& asked) { return asked.plugin->pre_enqueue(pod).ok(); });
}

}  // namespace plumb::scheduler
