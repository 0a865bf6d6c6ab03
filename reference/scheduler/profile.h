// A profile: the plugins that pods with one spec.schedulerName are asked about, by extension point and in order.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reference/scheduler/framework.h"

namespace plumb::scheduler {

struct ProfileOptions {
  std::string scheduler_name = "default-scheduler";
  // To the default plugins …
  std::set<std::string> enabled, disabled;
  // … and in place of their own weights.
  std::map<std::string, int> weights;
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

  // invalid_argument when a plugin does not exist, or there is not exactly one that sorts the queue or none that binds.
  static Result<std::unique_ptr<Profile>> make(ProfileOptions options);

  const ProfileOptions& options() const { return options_; }
  std::size_t slots() const { return plugins_.size(); }
  bool admits(const PodInfo& pod) const;
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
  std::vector<Asked<BindPlugin>> bind;

 private:
  explicit Profile(ProfileOptions options) : options_(std::move(options)) {}
  void add(std::unique_ptr<Plugin> plugin);

  const ProfileOptions options_;
  std::vector<std::unique_ptr<Plugin>> plugins_;
};

}  // namespace plumb::scheduler
