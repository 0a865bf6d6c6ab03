// The profiles at work: pods with one spec.schedulerName are decided about in one lane.
//
// Of the scheduling thread alone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/informer/event_recorder.h"
#include "reference/scheduler/cycle.h"

namespace plumb::scheduler {

struct Lane {
  std::unique_ptr<Profile> profile;
  std::unique_ptr<Cycle> cycle;
  std::unique_ptr<informer::EventRecorder> recorder;
  std::string_view name() const { return profile->options().scheduler_name; }
};

class Lanes {
 public:
  // Attaches the profiles' plugins to the table and to the caches that `informer` gives. Each lane draws from a seed of its own, from `seed` on.
  Lanes(std::vector<std::unique_ptr<Profile>> profiles, const NodeTable& table, informer::Client& client, Clock& clock, std::uint64_t seed,
        const std::function<informer::Informer&(const resources::Resource&)>& informer);

  // nullptr for a pod that is left to other schedulers.
  Lane* of(const corev1::Pod& pod);

 private:
  std::map<std::string, Lane, std::less<>> all_;
};

}  // namespace plumb::scheduler
