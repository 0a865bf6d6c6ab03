#include "harness/load/measure/reconcile_tracker.h"

#include <algorithm>
#include <functional>

namespace plumb::harness {
namespace {

std::size_t spec_hash(const ObjectReader& object) {
  simdjson::dom::element spec;
  if (object.object()["spec"].get(spec)) return 0;
  return std::hash<std::string>()(simdjson::minify(spec));
}

// Of a slice its ready endpoints, else one.
std::int64_t weight_of(const ObjectReader& object) {
  simdjson::dom::array endpoints;
  if (object.text("/kind") != "EndpointSlice" && !object.has("/addressType")) return 1;
  if (object.object()["endpoints"].get(endpoints)) return 0;
  return std::count_if(endpoints.begin(), endpoints.end(), [](const auto& endpoint) {
    bool ready = true;
    return endpoint.at_pointer("/conditions/ready").get(ready) || ready;
  });
}

}  // namespace

void ReconcileTracker::begin_phase() {
  counts_ = {};
  gone_ = 0;
  std::erase_if(subjects_, [](const auto& entry) { return entry.second.is_gone && entry.second.living == 0; });
  for (auto& [key, subject] : subjects_) subject.change = {};
}

void ReconcileTracker::reach(Subject& subject, Stage stage, Instant when) {
  if (subject.change.at[stage]) return;
  subject.change.at[stage] = when;
  ++counts_[stage];
}

void ReconcileTracker::changed(Subject& subject, Instant when, bool deletion) {
  if (subject.change.at[applied] && subject.change.deletion == deletion) return;
  const bool acted_before = subject.change.acted_before;
  for (std::size_t stage = 0; stage < counts_.size(); ++stage) counts_[stage] -= subject.change.at[stage].has_value();
  subject.change = {};
  subject.change.deletion = deletion;
  reach(subject, applied, when);
  if (acted_before) reach(subject, acted, when);
}

void ReconcileTracker::evaluate(Subject& subject, Instant when) {
  if (!subject.change.at[applied]) return;
  const bool done = subject.change.deletion ? subject.is_gone && subject.living == 0
                                            : subject.is_done && (subject.wanted < 0 || subject.wanted == subject.living);
  if (done) reach(subject, converged, when);
}

void ReconcileTracker::object(Instant arrived, std::string_view type, const ObjectReader& object) {
  const std::string uid(object.text("/metadata/uid")), key = rule_.in_namespace ? std::string(object.text("/metadata/name")) : uid;
  const bool is_new = !subjects_.contains(key);
  Subject& subject = subjects_[key];
  const std::int64_t generation = object.number("/metadata/generation");
  const std::size_t spec = rule_.revision == Revision::spec ? spec_hash(object) : 0;
  const bool is_changed = is_new || (rule_.revision == Revision::generation && generation > subject.generation) || spec != subject.spec;
  const bool is_deleted = type == "DELETED", is_deleting = is_deleted || object.has("/metadata/deletionTimestamp");
  subject.generation = generation;
  subject.spec = spec;
  if (is_deleting && !std::exchange(subject.deleting, true)) changed(subject, arrived, true);
  else if (is_changed && !is_deleting) changed(subject, arrived, false);
  else if (rule_.revision == Revision::spec && subject.change.at[applied] && !subject.deleting) reach(subject, observed, arrived);
  if (rule_.revision == Revision::generation && !subject.deleting) {
    const bool has_observed = object.number("/status/observedGeneration") >= generation;
    if (has_observed && subject.change.at[applied]) reach(subject, observed, arrived);
    subject.is_done = has_observed && rule_.converged(object);
  } else {
    subject.is_done = rule_.converged(object);
  }
  subject.wanted = rule_.wanted ? rule_.wanted(object) : -1;
  if (is_deleted && !std::exchange(subject.is_gone, true)) ++gone_;
  evaluate(subject, arrived);
  if (is_new) became_known(key, key);
}

void ReconcileTracker::dependent(Instant arrived, std::string_view type, const ObjectReader& object) {
  const std::string owner(rule_.in_namespace ? object.text("/metadata/namespace") : object.owner_uid());
  if (owner.empty()) return;
  const Event event{arrived, std::string(object.text("/metadata/uid")), object.number("/metadata/generation"), weight_of(object),
                    type == "ADDED", object.has("/metadata/deletionTimestamp"), type == "DELETED", object.has("/status")};
  const auto root = roots_.find(owner);
  if (root == roots_.end()) waiting_[owner].push_back(event);
  else take(std::string(root->second), event);
}

void ReconcileTracker::became_known(const std::string& uid, const std::string& root) {
  roots_[uid] = root;
  const auto found = waiting_.find(uid);
  if (found == waiting_.end()) return;
  const std::vector<Event> events = std::move(found->second);
  waiting_.erase(found);
  for (const Event& event : events) take(root, event);
}

// What a dependent's own status says is no act of the controller; without a status every change is one.
void ReconcileTracker::take(const std::string& root, const Event& event) {
  const auto found = subjects_.find(root);
  if (found == subjects_.end()) return;
  Subject& subject = found->second;
  const bool is_first = !dependents_.contains(event.uid);
  Dependent& dependent = dependents_[event.uid];
  const bool is_act = event.is_new || event.deleted || event.deleting != dependent.deleting || event.generation != dependent.generation || !event.has_status;
  subject.living += (event.deleted ? 0 : event.weight) - dependent.weight;
  dependent = {root, event.generation, event.weight, event.deleting};
  if (event.deleted) dependents_.erase(event.uid);
  if (is_act && subject.change.at[applied]) reach(subject, acted, std::max(event.arrived, *subject.change.at[applied]));
  else if (is_act) subject.change.acted_before = true;
  evaluate(subject, event.arrived);
  if (is_first) became_known(event.uid, root);
}

ReconcileTracker::Taken ReconcileTracker::taken(Stage stage) const {
  std::vector<std::pair<Instant, double>> passed;
  Taken result;
  for (const auto& [key, subject] : subjects_) {
    const auto& at = subject.change.at;
    if (!at[applied] || (subject.change.deletion && stage == observed)) continue;
    if (at[stage]) passed.emplace_back(*at[stage], std::chrono::duration<double>(*at[stage] - *at[applied]).count());
    else ++result.unfinished;
  }
  std::sort(passed.begin(), passed.end());
  for (const auto& [moment, seconds] : passed) result.seconds.push_back(seconds);
  return result;
}

}  // namespace plumb::harness
