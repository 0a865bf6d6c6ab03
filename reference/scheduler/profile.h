// A profile: the plugins that pods with one spec.schedulerName are asked about, by extension point and in order.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reference/scheduler/doc_reader.h"
#include "reference/scheduler/framework.h"

namespace plumb::scheduler {

struct PluginChoice {
  std::string name;
  int weight = 0;  // of its score; 0: its own
};
struct PluginSet {
  std::vector<PluginChoice> enabled;
  std::set<std::string> disabled;  // "*": all that are on without being named
};

struct ProfileOptions {
  std::string scheduler_name = "default-scheduler";
  // What differs from the default plugins, by extension point as the configuration calls it ("filter"), or "multiPoint" for all points. Those
  // enabled at a point are asked before the others, in their order. PreScore goes with score.
  std::map<std::string, PluginSet> plugins;
  std::map<std::string, DocReader> plugin_config;  // by name
  // Of the nodes, to find before scoring; 0: fewer the more nodes there are (see nodes_to_find).
  int percentage_of_nodes_to_score = 0;
};

class Profile {
 public:
  template <class Point>
  struct Asked {
    Point* plugin;
    std::size_t slot;  // of the plugin, for its state
    Traits traits;
  };

  // invalid_argument when a plugin or an extension point does not exist, arguments are not right, or there is not exactly one plugin that
  // sorts the queue, or none that binds.
  static Result<std::unique_ptr<Profile>> make(ProfileOptions options);

  const ProfileOptions& options() const { return options_; }
  std::size_t slots() const { return plugins_.size(); }
  bool admits(const PodInfo& pod) const;
  // Whether one of the plugins that refused the pod says so.
  bool helps(const PodInfo& pod, const Refusers& refusers, const Change& change) const;
  // Before the first question to any plugin. The handle must outlive the profile's use.
  void attach(const Handle& handle) {
    for (const auto& plugin : plugins_) plugin->attach(handle);
  }

  std::vector<Asked<PreEnqueuePlugin>> pre_enqueue;
  std::vector<Asked<QueueSortPlugin>> queue_sort;
  std::vector<Asked<PreFilterPlugin>> pre_filter;
  std::vector<Asked<PreFilterExtensions>> pre_filter_extensions;
  std::vector<Asked<FilterPlugin>> filter;
  std::vector<Asked<PostFilterPlugin>> post_filter;
  std::vector<Asked<ScorePlugin>> score;  // those with a weight
  std::vector<Asked<ReservePlugin>> reserve;
  std::vector<Asked<PermitPlugin>> permit;
  std::vector<Asked<PreBindPlugin>> pre_bind;
  std::vector<Asked<BindPlugin>> bind;

 private:
  explicit Profile(ProfileOptions options) : options_(std::move(options)) {}
  void add(std::unique_ptr<Plugin> plugin);
  template <class Point>
  void add_to(std::vector<Asked<Point>>& asked, std::string_view point, Plugin& plugin, std::size_t slot, const Traits& traits);

  const ProfileOptions options_;
  std::vector<std::unique_ptr<Plugin>> plugins_;  // by slot
  std::vector<Events> events_;                    // by slot
};

}  // namespace plumb::scheduler
