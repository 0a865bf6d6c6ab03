// What an answer costs.
//   kept        the same question again, UDP request bytes to answer bytes
//   worked_out  each question another name: parsed, looked up, encoded
//   update      one endpoint more or less of a headless Service with 10, beside 10,000 Services
//   over_udp    through sockets on the loopback device, one server thread; its CPU alone counts
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>


#include "reference/dns/server.h"
#include "reference/dns/testing.h"

namespace plumb::dns {
namespace {

using namespace testing;

constexpr int services = 10'000;

std::shared_ptr<const ServiceView> headless(int endpoints) {
  std::vector<At> list;
  for (int i = 0; i < endpoints; ++i) list.push_back({"10.0.0." + std::to_string(i + 1), ""});
  return view_of(*service("set", {}), {slice("set-1", "set", list)});
}

void fill(Zone& zone) {
  zone.set_namespace("ns", true, {});
  for (int i = 0; i < services; ++i) {
    const std::string name = "svc-" + std::to_string(i);
    zone.set_service("ns", name, view_of(*service(name, {"10.96." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1)}), {}), {});
  }
  zone.set_service("ns", "set", headless(10), {});
  zone.set_complete();
}

std::string question(int i) { return request("svc-" + std::to_string(i) + ".ns.svc.cluster.local", 1, 1232); }

void kept(benchmark::State& state) {
  Zone zone({}, WallTime());
  fill(zone);
  Responder responder(zone);
  const std::string asked = question(1);
  std::string reply;
  for (auto _ : state) benchmark::DoNotOptimize(responder.respond(asked, true, reply));
  state.SetItemsProcessed(state.iterations());
}

void worked_out(benchmark::State& state) {
  Zone zone({}, WallTime());
  fill(zone);
  Responder responder(zone);
  std::vector<std::string> asked;
  for (int i = 0; i < services; ++i) asked.push_back(question(i));
  std::string reply;
  std::size_t next = 0;
  for (auto _ : state) {
    if (next % asked.size() == 0) zone.set_complete();  // nothing that was kept is good any more
    benchmark::DoNotOptimize(responder.respond(asked[next++ % asked.size()], true, reply));
  }
  state.SetItemsProcessed(state.iterations());
}

void update(benchmark::State& state) {
  Zone zone({}, WallTime());
  fill(zone);
  int i = 0;
  for (auto _ : state) zone.set_service("ns", "set", headless(++i % 2 == 0 ? 10 : 9), {});
}

double process_cpu(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// The client's CPU is taken off: what is left of the process's is the server's thread.
void over_udp(benchmark::State& state) {
  Zone zone({}, WallTime());
  fill(zone);
  ServerOptions options;
  options.address = "127.0.0.1";
  options.port = 0;
  options.threads = 1;
  auto server = Server::start(options, zone, real_clock());
  if (!server.ok()) return state.SkipWithError(server.error().message.c_str());
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const SocketAddress to = *parse_server("127.0.0.1:" + std::to_string((*server)->port()));
  connect(fd, to.raw(), to.size);
  constexpr int window = 64;
  std::vector<std::string> asked;
  for (int i = 0; i < 1000; ++i) asked.push_back(question(i));
  std::size_t next = 0, answered = 0;
  char buffer[2048];
  const double whole = process_cpu(CLOCK_PROCESS_CPUTIME_ID), own = process_cpu(CLOCK_THREAD_CPUTIME_ID);
  for (auto _ : state) {
    for (int i = 0; i < window; ++i) (void)!write(fd, asked[next % asked.size()].data(), asked[next % asked.size()].size()), ++next;
    for (int i = 0; i < window; ++i) answered += recv(fd, buffer, sizeof buffer, 0) > 0;
  }
  const double used = process_cpu(CLOCK_PROCESS_CPUTIME_ID) - whole - (process_cpu(CLOCK_THREAD_CPUTIME_ID) - own);
  close(fd);
  state.SetItemsProcessed(static_cast<std::int64_t>(answered));
  state.counters["answers_per_server_cpu_second"] = static_cast<double>(answered) / used;
}

BENCHMARK(kept);
BENCHMARK(worked_out);
BENCHMARK(update)->Unit(benchmark::kMicrosecond);
BENCHMARK(over_udp)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace plumb::dns
