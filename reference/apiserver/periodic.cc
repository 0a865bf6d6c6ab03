#include "reference/apiserver/periodic.h"

namespace plumb::apiserver {

Periodic::Periodic(Clock& clock, Duration interval, std::function<void()> work) : clock_(clock), interval_(interval), work_(std::move(work)) { schedule(); }

Periodic::~Periodic() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    clock_.cancel(timer_);
  }
  worker_.stop();
}

void Periodic::schedule() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  timer_ = clock_.after(interval_, [this] {
    worker_.try_post(work_);
    schedule();
  });
}

}  // namespace plumb::apiserver
