// What a C++ user of Google Benchmark would write.
#include <benchmark/benchmark.h>

#include <sstream>

extern "C" void native_loop(const char *name, int64_t iterations) {
  benchmark::RegisterBenchmark(name, [](benchmark::State &state) {
    for (auto _ : state)
      asm volatile("" : : : "memory"); // as gb_clobber()
  })->Iterations(iterations);
  std::ostringstream text;
  benchmark::ConsoleReporter reporter;
  reporter.SetOutputStream(&text);
  reporter.SetErrorStream(&text);
  benchmark::RunSpecifiedBenchmarks(&reporter);
}
