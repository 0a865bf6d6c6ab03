// One pass over one deployment. It works on copies; each replica set that changed is written once, then what is no longer kept is deleted,
// then the deployment's status is written.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reference/controllers/deployment/decide.h"
#include "reference/controllers/deployment/progress.h"
#include "reference/controllers/deployment/replica_sets.h"

namespace plumb::controllers::deployment {

class Pass {
 public:
  // `deployment` is changed by the pass.
  Pass(Observed observed, std::shared_ptr<appsv1::Deployment> deployment, const Now& now);
  Plan run();

 private:
  // The course of the pass (decide.cc).
  Plan selects_all();
  Plan scale_only();
  Plan roll();
  Plan recreate();
  bool old_pods_run() const;
  void note_pause();
  void set_progressing(std::string_view status, std::string_view reason, const std::string& message);
  std::int64_t next_revision() const;
  void sync_revision();
  void set_revision(std::string_view revision);
  void clean_up();

  // The sizes of the replica sets (sizes.cc). What scales says whether a size changed.
  bool is_scaling() const;
  bool scale(appsv1::ReplicaSet& set, std::int32_t size);
  void resize(appsv1::ReplicaSet& set, std::int32_t size);
  void scale_all();
  bool is_saturated() const;
  void scale_in_proportion(Sets running);
  bool grow_new();
  std::int32_t new_size(std::int32_t total, std::int32_t size) const;
  bool shrink_old();
  template <class Part>
  bool shrink(const Sets& sets, std::int32_t most, Part part);

  // The replica set of the template (new_replica_set.cc).
  Plan make_new();
  Plan after_creation(const std::shared_ptr<appsv1::ReplicaSet>& set, const Outcome& outcome);
  Plan look_at_existing(const std::shared_ptr<appsv1::ReplicaSet>& set, const Error& error);
  Plan with(std::shared_ptr<const appsv1::ReplicaSet> made);

  // What it leaves (finish.cc).
  RolloutView view() const;
  appsv1::DeploymentStatus base_status() const;
  appsv1::DeploymentStatus rollout_status();
  void judge_revision(appsv1::DeploymentStatus& status);
  void go_back(appsv1::DeploymentStatus& status, const std::string& why);
  Plan finish(appsv1::DeploymentStatus status);
  void write_sets(Stage& stage);
  void watch_deadline(Plan& plan) const;

  Observed observed_;
  Now now_;
  std::shared_ptr<appsv1::Deployment> deployment_;  // being changed
  std::vector<std::shared_ptr<appsv1::ReplicaSet>> owned_;
  Sets all_, old_;  // oldest first
  appsv1::ReplicaSet* new_ = nullptr;
  std::set<const appsv1::ReplicaSet*> changed_;
  std::map<const appsv1::ReplicaSet*, std::int32_t> scaled_;  // from which size
  std::vector<const appsv1::ReplicaSet*> doomed_;
  const appsv1::ReplicaSet* back_to_ = nullptr;  // the revision to roll back to
  bool nowhere_to_go_ = false;                   // it would be rolled back, but to what?
};

}  // namespace plumb::controllers::deployment
