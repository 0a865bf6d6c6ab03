// Every time limit of conformance tests, in one place. They bound how long a healthy cluster may take; a test that passes never
// waits longer than the cluster needs.
#pragma once

#include "harness/base/clock.h"

namespace plumb::harness::timeouts {

using std::chrono::seconds;

inline constexpr Duration object_changes = seconds(30);     // something the control plane does by itself: a controller, the garbage collector
inline constexpr Duration pod_runs = seconds(120);          // from creation to Ready, with the image at hand
inline constexpr Duration pod_gone = seconds(90);           // from deletion, beyond its grace period
inline constexpr Duration rollout = seconds(180);           // a Deployment of a few pods
inline constexpr Duration namespace_gone = seconds(120);
inline constexpr Duration cron_minute = seconds(100);       // until a CronJob of every minute has started its next job
inline constexpr Duration service_leads = seconds(10);      // from a ready pod to an answer through its Service
inline constexpr Duration load_balancer = seconds(180);     // from a Service to its balancer's address, which a cloud may have to make
inline constexpr Duration autoscaling = seconds(150);       // from a change of load to one of replicas: a sample a minute, a decision every 15 s
inline constexpr Duration watch_event = seconds(15);
inline constexpr Duration nothing_happens = seconds(3);     // how long "it does not" is looked at
inline constexpr Duration test = seconds(300);              // one whole test, then its worker is killed
inline constexpr Duration poll = std::chrono::milliseconds(100);

}  // namespace plumb::harness::timeouts
