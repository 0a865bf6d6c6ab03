#include "reference/scheduler/lanes.h"

namespace plumb::scheduler {

Lanes::Lanes(std::vector<std::unique_ptr<Profile>> profiles, const NodeTable& table, informer::Client& client, Clock& clock, std::uint64_t seed,
             const std::function<informer::Informer&(const resources::Resource&)>& informer) {
  for (auto& profile : profiles) {
    const std::string name = profile->options().scheduler_name;
    Lane& lane = all_[name];
    lane.profile = std::move(profile);
    lane.cycle = std::make_unique<Cycle>(*lane.profile, table, clock, seed++, informer);
    lane.recorder = std::make_unique<informer::EventRecorder>(client, clock, name);
  }
}

Lane* Lanes::of(const corev1::Pod& pod) {
  const std::string_view name = pod.spec.schedulerName.empty() ? std::string_view("default-scheduler") : pod.spec.schedulerName.view();
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second;
}

}  // namespace plumb::scheduler
