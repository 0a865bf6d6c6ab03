// A conformance test: a source file and, beside it, a manifest of the same name (`watch_resume.cc`, `watch_resume.yaml`) when it needs objects.
//
//   PLUMB_CONFORMANCE(api_machinery, watch_resume,
//                     {.requirement = "A watch from a resourceVersion MUST deliver every later change.",
//                      .covers = {"watch-configmaps-closed-and-restarted"}}) {
//     const Json map = c.apply("first");
//     …gtest assertions; `c` is the Cluster…
//   }
//
// The requirement is one sentence with a MUST. `covers` are upstream's test names. `needs` are what a cluster may lack (see needs.h); a test whose
// need is missing is reported as unsupported. A test runs in a process and a namespace of its own, beside others, unless it is `serial`.
#pragma once

#include <string>
#include <vector>

#include "harness/base/registry.h"
#include "harness/runner/cluster.h"

namespace plumb::harness {

struct TestInfo {
  std::string requirement;
  std::vector<std::string> covers;
  std::vector<std::string> needs;
  bool serial = false;   // owns the cluster while it runs
  bool required = true;  // false: an optional feature; its absence does not make a run partial
};

struct ConformanceTest {
  TestInfo info;
  std::string suite;
  void (*body)(Cluster&);
};

// The text of a test's manifest, by the test's name; embedded at build time.
struct Manifest {
  std::string text;
};

}  // namespace plumb::harness

#define PLUMB_CONFORMANCE(suite, name, ...)                                                                                \
  static void plumb_test_##suite##_##name(::plumb::harness::Cluster& c);                                                   \
  static const ::plumb::Registered<::plumb::harness::ConformanceTest> plumb_registered_##suite##_##name{                   \
      #suite "/" #name, [] {                                                                                               \
        return std::make_unique<::plumb::harness::ConformanceTest>(                                                        \
            ::plumb::harness::ConformanceTest{::plumb::harness::TestInfo __VA_ARGS__, #suite, &plumb_test_##suite##_##name}); \
      }};                                                                                                                  \
  static void plumb_test_##suite##_##name([[maybe_unused]] ::plumb::harness::Cluster& c)
