#include "reference/controllers/daemonset/history.h"

#include <algorithm>
#include <unordered_set>

#include "reference/api/codec/json.h"

namespace plumb::controllers::daemonset {

namespace {

using appsv1::DaemonSet;
using SetPtr = std::shared_ptr<const DaemonSet>;

std::string_view hash_of(const api::Object& object) {
  const api::Str* found = object.metadata.labels.find(revision_hash_label);
  return found ? found->view() : std::string_view();
}

Plan failed(const Error& error) {
  Plan plan;
  plan.retry = error;
  return plan;
}

RevisionPtr made_by(const Outcome& outcome) {
  return std::static_pointer_cast<const appsv1::ControllerRevision>(*outcome.answers.front().object);
}

class Establishing : public std::enable_shared_from_this<Establishing> {
 public:
  Establishing(SetPtr set, std::function<Plan(const History&)> next)
      : set_(std::move(set)), next_(std::move(next)), patch_(template_patch(set_->spec.template_)) {}

  Plan run(const std::vector<RevisionPtr>& known, const std::vector<PodPtr>& pods) {
    Plan labelling = label_those_without(known);
    if (!labelling.stages.empty()) return labelling;
    std::vector<RevisionPtr> current;
    for (const RevisionPtr& revision : known)
      (keeps_template(*revision, set_->spec.template_, patch_) ? current : history_.old).push_back(revision);
    sort_by_number(history_.old);
    sort_by_number(current);
    if (current.empty()) return make();
    if (current.size() > 1) return merge(current, pods);
    return number(current.front());
  }

 private:
  std::int64_t next_number() const { return highest_number(history_.old) + 1; }

  // The changes come back, and with them the key.
  Plan label_those_without(const std::vector<RevisionPtr>& known) const {
    Plan plan;
    Stage stage;
    for (const RevisionPtr& revision : known) {
      if (!hash_of(*revision).empty()) continue;
      auto next = std::static_pointer_cast<appsv1::ControllerRevision>(api::clone(*revision));
      next->metadata.labels.set(revision_hash_label, next->metadata.name);
      stage.actions.emplace_back().request = informer::update_request(std::move(next));
    }
    if (!stage.actions.empty()) plan.stages.push_back(std::move(stage));
    return plan;
  }

  Plan merge(const std::vector<RevisionPtr>& same, const std::vector<PodPtr>& pods) const {
    const RevisionPtr& kept = same.back();
    Plan plan;
    Stage relabelling;
    for (const PodPtr& pod : pods) {
      const bool known = std::any_of(same.begin(), same.end(), [&](const RevisionPtr& revision) { return hash_of(*revision) == hash_of(*pod); });
      if (!known || hash_of(*pod) == hash_of(*kept)) continue;
      std::string value;
      api::append_json_string(hash_of(*kept), value);
      relabelling.actions.emplace_back().request =
          informer::patch_request(informer::resource_of<corev1::Pod>(), pod->metadata.namespace_, pod->metadata.name, informer::PatchType::merge,
                                  "{\"metadata\":{\"labels\":{\"" + std::string(revision_hash_label) + "\":" + value + "}}}");
      relabelling.actions.back().accept = {"NotFound"};
    }
    if (!relabelling.actions.empty()) plan.stages.push_back(std::move(relabelling));
    Stage& deletion = plan.stage();
    for (const RevisionPtr& revision : same)
      if (revision != kept) deletion.actions.push_back(delete_revision(*revision));
    return plan;
  }

  Plan number(const RevisionPtr& current) {
    if (current->revision >= next_number()) return go_on(current);
    Plan plan;
    plan.act(renumber_request(*current, next_number()));
    plan.then = [self = shared_from_this()](const Outcome& outcome) {
      return outcome.failure ? failed(*outcome.failure) : self->go_on(made_by(outcome));
    };
    return plan;
  }

  Plan make() {
    Plan plan;
    auto revision = make_revision(*set_, set_->spec.template_, patch_, set_->status.collisionCount.value_or(0), next_number(), revision_hash_label);
    plan.act(informer::create_request(revision)).accept = {"AlreadyExists"};
    plan.then = [self = shared_from_this(), revision](const Outcome& outcome) {
      const Result<ObjectPtr>& answer = outcome.answers.front().object;
      if (answer.ok()) return self->go_on(made_by(outcome));
      if (informer::is_already_exists(answer.error())) return self->look_at(revision->metadata.name, answer.error());
      return outcome.failure ? failed(*outcome.failure) : Plan();
    };
    return plan;
  }

  // Ours, made before the cache showed it; or another one whose hash is the same.
  Plan look_at(const api::Str& name, const Error& error) {
    Plan plan;
    plan.act(informer::get_request(informer::resource_of<appsv1::ControllerRevision>(), set_->metadata.namespace_, name));
    plan.then = [self = shared_from_this(), error](const Outcome& outcome) {
      if (outcome.failure) return failed(*outcome.failure);
      const RevisionPtr existing = made_by(outcome);
      if (existing->data.json == self->patch_) return self->go_on(existing);
      auto set = std::static_pointer_cast<DaemonSet>(api::clone(*self->set_));
      set->status.collisionCount = set->status.collisionCount.value_or(0) + 1;
      Plan again;
      again.act(informer::update_status_request(std::move(set)));
      again.retry = error;
      return again;
    };
    return plan;
  }

  Plan go_on(const RevisionPtr& current) {
    history_.current = current;
    return next_(history_);
  }

  const SetPtr set_;
  const std::function<Plan(const History&)> next_;
  const std::string patch_;
  History history_;
};

}  // namespace

std::string_view History::hash() const { return hash_of(*current); }

Plan establish(const SetPtr& set, const std::vector<RevisionPtr>& known, const std::vector<PodPtr>& pods, std::function<Plan(const History&)> next) {
  return std::make_shared<Establishing>(set, std::move(next))->run(known, pods);
}

void clean_up(Plan& plan, const DaemonSet& set, const History& history, const std::vector<PodPtr>& pods) {
  auto excess = static_cast<std::int64_t>(history.old.size()) - set.spec.revisionHistoryLimit.value_or(10);
  if (excess <= 0) return;
  std::unordered_set<std::string_view> live;
  for (const PodPtr& pod : pods) live.insert(hash_of(*pod));
  Stage stage;
  for (const RevisionPtr& revision : history.old) {
    if (excess <= 0) break;
    if (live.contains(hash_of(*revision))) continue;
    stage.actions.push_back(delete_revision(*revision));
    --excess;
  }
  if (!stage.actions.empty()) plan.stages.push_back(std::move(stage));
}

}  // namespace plumb::controllers::daemonset
