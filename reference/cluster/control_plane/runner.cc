#include "reference/cluster/control_plane/runner.h"

#include <utility>

#include "harness/base/log.h"

namespace plumb::cluster {

Result<std::unique_ptr<Runner>> Runner::start(RunnerOptions options, Clock& clock) {
  std::unique_ptr<Runner> made(new Runner(std::move(options), clock));
  RunnerOptions& own = made->options_;
  const bool again = own.election && !own.lost_leadership;
  if (again) {
    own.lost_leadership = [news = made->news_] {
      std::lock_guard lock(news->mutex);
      news->lost = true;
      news->changed.notify_all();
    };
  }
  PLUMB_TRY(made->begin());
  if (again) made->thread_ = std::thread([runner = made.get()] { runner->begin_again_when_lost(); });
  return made;
}

Runner::~Runner() {
  {
    std::lock_guard lock(news_->mutex);
    news_->stopping = true;
    news_->changed.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  end();
  options_.component.reset();
}

Status Runner::begin() {
  informers_ = std::make_unique<informer::InformerFactory>(*options_.client, clock_);
  const ComponentContext context{*options_.client, *options_.accounts, *informers_, clock_, options_.root_ca_pem, options_.identity, options_.bind_address,
                                 options_.advertise_address, options_.secure_port, options_.election, options_.lost_leadership};
  if (Status started = options_.component->start(context); !started.ok()) return std::move(started).error().in("starting " + options_.name);
  informers_->start();
  return {};
}

void Runner::end() {
  options_.component->stop();
  if (informers_) informers_->stop();
}

void Runner::begin_again_when_lost() {
  for (;;) {
    {
      std::unique_lock lock(news_->mutex);
      news_->changed.wait(lock, [&] { return news_->lost || news_->stopping; });
      if (news_->stopping) return;
      news_->lost = false;
    }
    log::warning(options_.name, "the lease is lost; standing for election again");
    end();
    // What start() looks at has not changed since it first went well.
    if (const Status begun = begin(); !begun.ok()) log::error(options_.name, begun.error().message);
  }
}

}  // namespace plumb::cluster
