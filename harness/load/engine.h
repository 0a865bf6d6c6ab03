// The load engine: issues operations and accounts for every one of them.
//
// Open loop: a Schedule decides when each operation is meant to be sent, whatever the server does. Latency is measured from that
// intended time, so a stall counts against everything that had to wait for it (no coordinated omission), and separately from
// the moment it was really sent. Closed loop: a number of workers, each sending its next operation when its last one ended; that
// finds a ceiling of throughput, and its latencies say nothing about a given rate.
//
// A run that did not put the load on the server that was asked for is invalid, with the reasons.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/clock.h"
#include "harness/load/histogram.h"
#include "harness/load/operation.h"
#include "harness/load/schedule.h"

namespace plumb::harness {

struct OpenLoop {
  Arrivals arrivals;
  std::size_t most_in_flight = 10'000;  // arrivals beyond it wait in the backlog; their latency still counts from the intended time
};

struct ClosedLoop {
  std::size_t workers = 1;
  std::uint64_t operations = 0;  // stop after so many; zero: when the time is over
  Duration length{};             // zero: no limit
};

struct LoadPlan {
  std::variant<OpenLoop, ClosedLoop> loop;
  Duration drain{std::chrono::seconds(30)};  // how long after the last sending the rest may take; then they count as unfinished
  std::size_t windows = 20;                  // equal parts of the time that are also measured on their own, as samples for comparisons
  double least_delivered = 0.95;             // share of the requested operations that must be sent in time
};

struct LoadWindow {
  Histogram intended;  // by intended time of sending (closed loop: by real one)
  std::uint64_t completed = 0;
};

struct LoadResult {
  std::uint64_t requested = 0;   // arrivals of the schedule so far; closed loop: operations begun
  std::uint64_t sent = 0;
  std::uint64_t succeeded = 0;
  std::map<std::string, std::uint64_t> failed;  // by reason
  std::uint64_t unfinished = 0;  // sent, but neither succeeded nor failed by the end of the drain time
  std::uint64_t unsent = 0;      // due, but still in the backlog at the end

  // Nanoseconds. Successful operations only, except for send_lag.
  Histogram latency_intended;    // completion minus intended time
  Histogram latency_sent;        // completion minus real time of sending
  Histogram first_byte;          // first byte minus real time of sending
  Histogram send_lag;            // real minus intended time of sending

  double requested_rate = 0;     // per second; zero in a closed loop
  double sent_rate = 0;          // over the planned time
  double completed_rate = 0;     // successes over the time from first sending to last completion
  Duration elapsed{};            // first sending to last completion
  Duration window_length{};
  std::vector<LoadWindow> windows;
  std::uint64_t most_in_flight = 0;
  std::uint64_t most_backlog = 0;

  bool interrupted = false;
  std::vector<std::string> invalid;  // why the numbers mean nothing; empty when the load was delivered

  std::uint64_t failures() const;
};

// Numbers while it runs, for progress and metrics.
struct LoadProgress {
  std::uint64_t requested = 0, sent = 0, succeeded = 0, failed = 0, in_flight = 0, backlog = 0;
};

// Told of every operation's end, from whichever thread ended it; must be quick.
struct LoadObserver {
  std::function<void(Duration intended_latency, Duration sent_latency, const std::string& failure_reason)> ended;
};

class LoadRun {
 public:
  // Fails on a plan that is no load. `operation` and `clock` must outlive the run.
  static Result<std::unique_ptr<LoadRun>> create(Clock& clock, Operation& operation, LoadPlan plan, LoadObserver observer = {});
  // Stops, without waiting for operations under way; once it returns neither operation nor observer is called. Not from one of these.
  ~LoadRun();

  void start();
  // No more sending; ends when the operations under way have ended or the drain time is over. Safe from any thread.
  void stop();
  // The same, but the run is whole: what was due until now is what was asked for.
  void end_early();
  bool finished() const;
  // Blocks an ordinary thread until finished().
  void wait();
  LoadProgress progress() const;
  // Precondition: finished().
  LoadResult result() const;

 private:
  struct State;
  explicit LoadRun(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace plumb::harness
