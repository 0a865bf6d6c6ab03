#include "reference/controllers/statefulset/revisions.h"

#include <algorithm>

namespace plumb::controllers::statefulset {

namespace {

constexpr std::string_view hash_label = "controller.kubernetes.io/hash";

using SetPtr = std::shared_ptr<const appsv1::StatefulSet>;

class Establishing : public std::enable_shared_from_this<Establishing> {
 public:
  Establishing(SetPtr set, std::vector<RevisionPtr> known, std::function<Plan(Revisions)> next) : set_(std::move(set)), next_(std::move(next)) {
    revisions_.all = std::move(known);
    revisions_.collisions = set_->status.collisionCount.value_or(0);
    sort_by_number(revisions_.all);
  }

  Plan run() {
    patch_ = template_patch(set_->spec.template_);
    const auto same = std::find_if(revisions_.all.rbegin(), revisions_.all.rend(), [&](const RevisionPtr& revision) {
      return keeps_template(*revision, set_->spec.template_, patch_);
    });
    if (same == revisions_.all.rend()) return make();
    return same == revisions_.all.rbegin() ? go_on(*same) : roll_back_to(*same);
  }

 private:
  std::int64_t next_number() const { return highest_number(revisions_.all) + 1; }

  Plan roll_back_to(const RevisionPtr& revision) {
    Plan plan;
    plan.act(renumber_request(*revision, next_number()));
    plan.then = [self = shared_from_this()](const Outcome& outcome) {
      return outcome.failure ? failed(*outcome.failure) : self->go_on(made_by(outcome));
    };
    return plan;
  }

  Plan make() {
    Plan plan;
    auto revision = make_revision(*set_, set_->spec.template_, patch_, revisions_.collisions, next_number(), hash_label);
    plan.act(informer::create_request(revision)).accept = {"AlreadyExists"};
    plan.then = [self = shared_from_this(), revision](const Outcome& outcome) {
      const Result<ObjectPtr>& answer = outcome.answers.front().object;
      if (answer.ok()) return self->go_on(made_by(outcome));
      if (informer::is_already_exists(answer.error())) return self->look_at(revision->metadata.name);
      return outcome.failure ? failed(*outcome.failure) : Plan();
    };
    return plan;
  }

  // Ours, made before the cache showed it; or another one whose hash is the same.
  Plan look_at(const api::Str& name) {
    Plan plan;
    plan.act(informer::get_request(informer::resource_of<appsv1::ControllerRevision>(), set_->metadata.namespace_, name));
    plan.then = [self = shared_from_this()](const Outcome& outcome) {
      if (outcome.failure) return failed(*outcome.failure);
      const RevisionPtr existing = made_by(outcome);
      if (existing->data.json == self->patch_) return self->go_on(existing);
      ++self->revisions_.collisions;
      return self->make();
    };
    return plan;
  }

  Plan go_on(const RevisionPtr& update) {
    auto& all = revisions_.all;
    std::erase_if(all, [&](const RevisionPtr& revision) { return revision->metadata.name == update->metadata.name; });
    all.push_back(update);
    revisions_.update = update;
    const auto current = std::find_if(all.begin(), all.end(), [&](const RevisionPtr& revision) { return revision->metadata.name == set_->status.currentRevision; });
    revisions_.current = current == all.end() ? update : *current;
    return next_(std::move(revisions_));
  }

  static RevisionPtr made_by(const Outcome& outcome) {
    return std::static_pointer_cast<const appsv1::ControllerRevision>(*outcome.answers.front().object);
  }
  static Plan failed(const Error& error) {
    Plan plan;
    plan.retry = error;
    return plan;
  }

  const SetPtr set_;
  const std::function<Plan(Revisions)> next_;
  std::string patch_;
  Revisions revisions_;
};

}  // namespace

Plan establish(const SetPtr& set, std::vector<RevisionPtr> known, std::function<Plan(Revisions)> next) {
  return std::make_shared<Establishing>(set, std::move(known), std::move(next))->run();
}

void truncate(Plan& plan, const appsv1::StatefulSet& set, const Revisions& revisions, const std::vector<std::string_view>& live) {
  const std::int32_t limit = set.spec.revisionHistoryLimit.value_or(10);
  if (limit < 0) return;
  std::vector<RevisionPtr> idle;
  for (const RevisionPtr& revision : revisions.all) {
    if (revision == revisions.current || revision == revisions.update) continue;
    if (std::find(live.begin(), live.end(), revision->metadata.name.view()) == live.end()) idle.push_back(revision);
  }
  if (idle.size() <= static_cast<std::size_t>(limit)) return;
  idle.resize(idle.size() - static_cast<std::size_t>(limit));
  Stage& stage = plan.stage();
  for (const RevisionPtr& revision : idle) stage.actions.push_back(delete_revision(*revision));
}

}  // namespace plumb::controllers::statefulset
