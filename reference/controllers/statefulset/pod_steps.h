// What one pass does to pods and their claims, as it is decided; then one plan for the claims, and one for the pods whose claims are there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reference/controllers/framework/plan.h"
#include "reference/controllers/statefulset/decide.h"

namespace plumb::controllers::statefulset {

// Events are upstream's: Successful… and Failed… with Create, Update, Delete, for pods and claims.
class PodSteps {
 public:
  explicit PodSteps(std::shared_ptr<const appsv1::StatefulSet> set) : set_(std::move(set)) {}

  // Claims belong to the pod step that is added next; claims without one are closed with close().
  void create_claim(std::shared_ptr<corev1::PersistentVolumeClaim> claim, std::string_view pod);
  void update_claim(std::shared_ptr<corev1::PersistentVolumeClaim> claim);
  void close();
  void create(std::shared_ptr<corev1::Pod> pod);
  void update(std::shared_ptr<corev1::Pod> pod);
  // `for_update`: the pod goes for one of the next revision.
  void remove(const corev1::Pod& pod, bool for_update = false);

  // A pod that cannot be made now; its event, and a later attempt.
  void cannot_create(std::string_view pod, const std::string& why);
  bool failed() const { return failure_.has_value(); }

  struct Done {
    std::int32_t removed_for_update = 0;
    std::optional<Error> failure;
  };
  // The plan of all steps; `finish` decides what follows.
  Plan plan(std::function<Plan(const Done&)> finish) &&;

 private:
  enum class Does { nothing, create, update, remove };
  struct Step {
    Does does = Does::nothing;
    std::string pod;
    Action action;
    std::size_t claims_from = 0, claims_to = 0;
    bool for_update = false;
  };
  struct Run;

  Step& add(Does does, std::string_view pod);
  Event event(std::string_view type, std::string_view reason, std::string message) const;
  Event pod_event(std::string_view verb, std::string_view pod) const;
  Event pod_failure(std::string_view verb, std::string_view pod, std::string_view why) const;

  std::shared_ptr<const appsv1::StatefulSet> set_;
  std::vector<Event> events_;
  std::vector<Action> claims_;
  std::vector<std::string> claim_names_;  // of claims_
  std::size_t open_claims_ = 0;  // where the claims of the next step begin
  std::vector<Step> steps_;
  std::optional<Error> failure_;
};

}  // namespace plumb::controllers::statefulset
