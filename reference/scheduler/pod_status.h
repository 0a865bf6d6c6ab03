// What the scheduler writes into the status of pods. Answers may come on any thread, also before these return; they do not block.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/api/types/corev1.h"
#include "reference/informer/client.h"

namespace plumb::scheduler {

// PodScheduled is False for that reason. A nomination of "" takes an earlier one back; nullopt leaves it. Nothing is sent when the pod shows
// all that already; a failure is logged.
void show_unscheduled(informer::Client& client, const corev1::Pod& pod, std::string_view reason, std::string_view message,
                      const std::optional<std::string>& nominated_node, WallTime now);

// The pod waits for room on no node any more.
void show_no_nomination(informer::Client& client, const corev1::Pod& pod);

// Lets a pod go to make room for one of that scheduler: shows it (DisruptionTarget), then deletes it. A pod that is gone is fine.
void preempt(informer::Client& client, const std::shared_ptr<const corev1::Pod>& victim, std::string_view scheduler_name, WallTime now,
             std::function<void(Status)> done);

}  // namespace plumb::scheduler
