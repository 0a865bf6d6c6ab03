// The controller "cronjob-controller": starts jobs by a schedule.
#include "reference/controllers/cronjob/decide.h"
#include "reference/controllers/cronjob/due.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/ownership.h"

namespace plumb::controllers::cronjob {

namespace {

using informer::object_key;

class CronJobs final : public Controller {
 public:
  std::string component() const override { return "cronjob-controller"; }
  std::string queue_name() const override { return "cronjob"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,update,watch", "batch", "cronjobs"},
            {"create,delete,get,list,patch,update,watch", "batch", "jobs"},
            {"update", "batch", "cronjobs/status"},
            {"update", "batch", "cronjobs/finalizers"},
            {"delete,list", "core", "pods"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    watches.informer<batchv1::Job>().add_index(informer::index::by_controller, informer::index::controller_of);
    jobs_ = watches.lister<batchv1::Job>();
    cron_jobs_ = watches.watch<batchv1::CronJob>([this](const CronJobPtr& before, const CronJobPtr& after) { cron_job_changed(before, after); });
    watches.watch<batchv1::Job>([this](const JobPtr& before, const JobPtr& after) { job_changed(before, after); });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    const CronJobPtr cron_job = cron_jobs_.get(key);
    if (!cron_job) {
      writes_->forget(key);
      return {};
    }
    if (const auto wait = writes_->awaited(key, *cron_job, now)) {
      Plan plan;
      plan.come_again(*wait);
      return plan;
    }
    return decide(cron_job, jobs_.by_index(informer::index::by_controller, cron_job->metadata.uid), writes_, now);
  }

 private:
  // A new schedule holds from now on; times that it would have had before are not made up for.
  void cron_job_changed(const CronJobPtr& before, const CronJobPtr& after) {
    const std::string key = object_key(after ? *after : *before);
    if (before && after && (before->spec.schedule != after->spec.schedule || !(before->spec.timeZone == after->spec.timeZone))) {
      const auto schedule = schedule_of(*after);
      const auto next = schedule.ok() ? until_next(*after, *schedule, watches_->clock.wall()) : std::nullopt;
      if (next) return watches_->queue.add_after(key, *next);
    }
    watches_->queue.add(key);
  }

  void job_changed(const JobPtr& before, const JobPtr& after) {
    for (const JobPtr& job : {before, after}) {
      const std::string key = job ? owner_key(cron_jobs_, job->metadata.namespace_, informer::controller_ref(*job)) : std::string();
      if (!key.empty()) watches_->queue.add(key);
    }
  }

  Watches* watches_ = nullptr;
  informer::Lister<batchv1::CronJob> cron_jobs_;
  informer::Lister<batchv1::Job> jobs_;
  const std::shared_ptr<OwnWrites> writes_ = std::make_shared<OwnWrites>();
};

const Registered<Controller> registered{"cronjob-controller", [] { return std::make_unique<CronJobs>(); }};

}  // namespace

}  // namespace plumb::controllers::cronjob
