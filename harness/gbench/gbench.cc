// The C API over Google Benchmark: the only C++ file, and the only one that
// knows the engine's version (GB_ENGINE_VERSION, 10701 for 1.7.1).
//
// The engine ends the process when a benchmark breaks one of its rules, also
// in the packages that distributions ship.  So every rule is kept here on the
// benchmark's behalf, and breaking it becomes an error of that benchmark.  The
// comments say which rule.

#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cerrno>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using benchmark::Counter;
using benchmark::State;

static_assert(GB_RATE == int(Counter::kIsRate), "");
static_assert(GB_AVG_THREADS == int(Counter::kAvgThreads), "");
static_assert(GB_ITERATION_INVARIANT == int(Counter::kIsIterationInvariant),
              "");
static_assert(GB_AVG_ITERATIONS == int(Counter::kAvgIterations), "");
static_assert(GB_INVERT == int(Counter::kInvert), "");

namespace {

// A registered benchmark, with what the engine does not store or does not tell.
struct Registration {
  gb_body *body;
  void *data;
  size_t arg_count;
  bool process_cpu;
  // By thread, of its last run in this gb_run.
  std::vector<int64_t> iterations;

  std::mutex mutex; // guards the rest: threads of a body run at once
  std::map<std::string, int> counter_flags; // as first set
  std::string first_error; // of the first repetition in this gb_run
};

std::vector<std::unique_ptr<Registration>> registrations;

} // namespace

int gb_version(void) {
  return GB_VERSION;
}

// ----------------------------------------------------------------------------
// In a body.
// ----------------------------------------------------------------------------

struct gb_state {
  State *state;
  Registration *registration;
  enum { BEFORE, BATCH, SINGLES, AFTER } phase; // of the loop
  bool first;                                   // repetition
  bool paused;
  bool failed;
};

// The engine compares the iteration counts of all repetitions, failed ones as
// well, and a repetition has a count only after it has entered its loop.  So a
// body that fails before its loop enters the loop first.
static void fail(gb_state *st, const char *message) {
  if (st->failed)
    return;
  if (st->phase == gb_state::BEFORE)
    gb_begin(st);
  st->state->SkipWithError(message);
  st->failed = true;
  if (st->first) {
    std::lock_guard<std::mutex> lock(st->registration->mutex);
    st->registration->first_error = message;
  }
}

uint64_t gb_begin(gb_state *st) {
  if (st->phase != gb_state::BEFORE) {
    fail(st, "the loop was entered twice");
    return 0;
  }
  st->phase = gb_state::BATCH;
  // All iterations as one batch, so that the count is exact: a batch that does
  // not divide it overshoots, and repetitions that fail would differ.
  st->state->KeepRunningBatch(st->state->max_iterations);
  return static_cast<uint64_t>(st->state->max_iterations);
}

void gb_end(gb_state *st) {
  if (st->phase == gb_state::AFTER)
    return;
  if (st->phase != gb_state::BATCH)
    fail(st, "gb_end without gb_begin");
  gb_resume(st); // the clock must run when the loop ends
  // No iterations are left, so this ends the loop.
  st->state->KeepRunningBatch(st->state->max_iterations);
  st->phase = gb_state::AFTER;
}

bool gb_keep_running(gb_state *st) {
  if (st->phase == gb_state::BEFORE) {
    st->phase = gb_state::SINGLES;
  } else if (__builtin_expect(st->phase != gb_state::SINGLES, false)) {
    fail(st, "the loop was entered twice");
    return false;
  }
  if (__builtin_expect(st->paused, false))
    gb_resume(st); // as in gb_end, since this may be the end
  if (__builtin_expect(st->state->KeepRunning(), true))
    return true;
  st->phase = gb_state::AFTER;
  return false;
}

// A body that returned must have been through its loop.
//
// The engine takes the iteration count and the list of statistics of all
// repetitions from the first one, even if that failed and has neither.  So if
// the first repetition fails, the others are not run and fail, too.
static void run_body(Registration *r, State &state) {
  // The attempts of the first repetition to find the iteration count have
  // rising counts; the other repetitions have the count of the last attempt.
  int64_t &last = r->iterations[size_t(state.thread_index())];
  gb_state st = {};
  st.state = &state;
  st.registration = r;
  st.first = last != state.max_iterations;
  last = state.max_iterations;

  if (!st.first && !r->first_error.empty())
    fail(&st, r->first_error.c_str());
  else
    r->body(&st, r->data);
  if (st.phase == gb_state::BEFORE)
    fail(&st, "the body never entered its loop");
  if (st.phase == gb_state::AFTER)
    return;
  fail(&st, "the body did not end its loop");
  st.phase = gb_state::BATCH;
  gb_end(&st);
}

// The engine's clock may be stopped and started inside the loop only, not
// after an error, and not twice.
void gb_pause(gb_state *st) {
  bool inside = st->phase == gb_state::BATCH || st->phase == gb_state::SINGLES;
  if (!inside || st->failed || st->paused)
    return;
  st->state->PauseTiming();
  st->paused = true;
}

void gb_resume(gb_state *st) {
  if (!st->paused || st->failed)
    return;
  st->state->ResumeTiming();
  st->paused = false;
}

void gb_set_iteration_time(gb_state *st, double seconds) {
  if (!std::isfinite(seconds) || seconds < 0)
    fail(st, "an iteration time is negative or not a number");
  else
    st->state->SetIterationTime(seconds);
}

void gb_skip_with_error(gb_state *st, const char *message) {
  fail(st, message);
}

bool gb_failed(const gb_state *st) {
  return st->failed;
}

int64_t gb_arg(gb_state *st, size_t i) {
  if (i < st->registration->arg_count)
    return st->state->range(i);
  fail(st, "the benchmark has fewer arguments than were asked for");
  return 0;
}

unsigned gb_thread_index(const gb_state *st) {
  return static_cast<unsigned>(st->state->thread_index());
}

unsigned gb_threads(const gb_state *st) {
  return static_cast<unsigned>(st->state->threads());
}

// A counter's flags must be the same in all repetitions.
void gb_set_counter(gb_state *st, const char *name, double value, int flags) {
  int known;
  {
    std::lock_guard<std::mutex> lock(st->registration->mutex);
    auto &all = st->registration->counter_flags;
    known = all.emplace(name, flags).first->second;
  }
  if (flags == known)
    st->state->counters[name] = Counter(value, Counter::Flags(flags));
  else
    fail(st, "a counter was set with other flags than before");
}

void gb_set_items(gb_state *st, int64_t items) {
  gb_set_counter(st, "items_per_second", double(items), GB_RATE);
}

void gb_set_bytes(gb_state *st, int64_t bytes) {
  gb_set_counter(st, "bytes_per_second", double(bytes), GB_RATE);
}

void gb_set_label(gb_state *st, const char *label) {
  st->state->SetLabel(label);
}

// ----------------------------------------------------------------------------
// Registering.
// ----------------------------------------------------------------------------

static const char *problem_with(const gb_config &c) {
  if (!c.name || !*c.name)
    return "a benchmark needs a name";
  if (std::strncmp(c.name, "DISABLED_", 9) == 0)
    return "the engine does not run benchmarks named DISABLED_...";
  if (c.arg_count && !c.args)
    return "arg_count without args";
  if (!std::isfinite(c.min_time) || c.min_time < 0)
    return "min_time is negative or not a number";
  if (c.iterations && c.min_time > 0)
    return "iterations and min_time exclude each other";
  if (c.clock == GB_MANUAL_TIME && c.min_time > 0)
    return "manual time needs iterations, not min_time";
  if (c.iterations > INT64_MAX || c.repetitions > INT32_MAX ||
      c.threads > INT32_MAX)
    return "iterations, repetitions or threads out of range";
  return nullptr;
}

const char *gb_register(const gb_config *config, gb_body *body, void *data) {
  const gb_config &c = *config;
  if (const char *problem = problem_with(c))
    return problem;
  Registration *r = new Registration;
  registrations.emplace_back(r);
  r->body = body;
  r->data = data;
  r->arg_count = c.arg_count;
  r->process_cpu = c.process_cpu;
  r->iterations.resize(c.threads ? c.threads : 1);
  auto *b = benchmark::RegisterBenchmark(
      c.name, [r](State &state) { run_body(r, state); });

  if (c.arg_names)
    b->ArgNames({c.arg_names, c.arg_names + c.arg_count});
  if (c.arg_count)
    b->Args({c.args, c.args + c.arg_count});
  // Everything that the environment could set is set.
  if (c.iterations || c.clock == GB_MANUAL_TIME)
    b->Iterations(c.iterations ? int64_t(c.iterations) : 1);
  else
    b->MinTime(c.min_time > 0 ? c.min_time : 0.5);
  b->Repetitions(c.repetitions ? int(c.repetitions) : 1);
  b->ReportAggregatesOnly(false);
  if (c.clock == GB_REAL_TIME)
    b->UseRealTime();
  if (c.clock == GB_MANUAL_TIME)
    b->UseManualTime();
  if (c.process_cpu)
    b->MeasureProcessCPUTime();
  if (c.threads)
    b->Threads(int(c.threads));
  const benchmark::TimeUnit units[] = {
      benchmark::kNanosecond, benchmark::kMicrosecond, benchmark::kMillisecond,
      benchmark::kSecond};
  b->Unit(units[c.unit]);
  return nullptr;
}

void gb_unregister_all(void) {
  benchmark::ClearRegisteredBenchmarks();
  registrations.clear();
}

bool gb_add_context(const char *key, const char *value) {
  static std::set<std::string> keys; // the engine complains on stderr
  if (!keys.insert(key).second)
    return false;
  benchmark::AddCustomContext(key, value);
  return true;
}

// ----------------------------------------------------------------------------
// Running.
// ----------------------------------------------------------------------------

namespace {

using Run = benchmark::BenchmarkReporter::Run;

// The message of a run that failed, else NULL.
std::string *error_of(Run &run) {
#if GB_ENGINE_VERSION >= 10800
  return run.skipped ? &run.skip_message : nullptr;
#else
  return run.error_occurred ? &run.error_message : nullptr;
#endif
}

// JSON has no infinity and no not-a-number.
double finite(double x) {
  if (std::isnan(x))
    return 0;
  return std::isfinite(x) ? x : std::copysign(DBL_MAX, x);
}

// Nor control characters in strings; the engine escapes only some of them.
void make_printable(std::string &s) {
  for (char &c : s)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      c = ' ';
}

// Gives each row to the caller, and to the JSON reporter when there is one.
class Reporter : public benchmark::BenchmarkReporter {
public:
  Reporter(gb_report *report, void *data, benchmark::BenchmarkReporter *json)
      : report_(report), data_(data), json_(json) {
  }

  bool ReportContext(const Context &context) override {
    return !json_ || json_->ReportContext(context);
  }

  // Called with all repetitions of a benchmark, then with its aggregates.
  void ReportRuns(const std::vector<Run> &original) override {
    std::vector<Run> runs = original;
    if (!runs.empty() && runs[0].run_type == Run::RT_Iteration)
      failed_here_ = 0;
    for (Run &run : runs) {
      tidy(run);
      if (run.run_type == Run::RT_Iteration && error_of(run)) {
        failed_here_++;
        failed_++;
      }
      if (report_)
        report_row(run);
    }
    if (json_)
      json_->ReportRuns(runs);
  }

  void Finalize() override {
    if (json_)
      json_->Finalize();
  }

  int failed() const {
    return failed_;
  }

private:
  void tidy(Run &run) const {
    // The engine takes aggregates over the repetitions that did not fail, but
    // says that it took them over all.
    if (run.run_type == Run::RT_Aggregate && failed_here_ &&
        run.iterations == run.repetitions) {
      int64_t good = run.repetitions - failed_here_;
      if (run.aggregate_unit == benchmark::kTime) {
        // Times are kept multiplied by that number.
        run.real_accumulated_time *= double(good) / double(run.iterations);
        run.cpu_accumulated_time *= double(good) / double(run.iterations);
      }
      run.iterations = good;
    }
    run.real_accumulated_time = finite(run.real_accumulated_time);
    run.cpu_accumulated_time = finite(run.cpu_accumulated_time);
    for (auto &counter : run.counters)
      counter.second.value = finite(counter.second.value);
    make_printable(run.report_label);
    if (std::string *error = error_of(run))
      make_printable(*error);
  }

  void report_row(Run &run) const {
    const std::string full_name = run.benchmark_name();
    const std::string *error = error_of(run);
    std::vector<gb_counter> counters;
    for (auto &counter : run.counters)
      counters.push_back({counter.first.c_str(), counter.second.value});

    gb_row row = {};
    row.index = size_t(run.family_index);
    row.name = run.run_name.function_name.c_str();
    row.full_name = full_name.c_str();
    row.threads = unsigned(run.threads);
    row.iterations = uint64_t(run.iterations);
    row.real_ns = run.real_accumulated_time;
    row.cpu_ns = run.cpu_accumulated_time;
    row.counters = counters.data();
    row.counter_count = counters.size();
    row.error = error ? error->c_str() : nullptr;
    row.label = run.report_label.c_str();
    if (run.run_type == Run::RT_Aggregate) {
      row.aggregate = run.aggregate_name.c_str();
      row.ratio = run.aggregate_unit == benchmark::kPercentage;
    } else {
      row.repetition = unsigned(run.repetition_index);
    }
    if (!row.ratio) {
      row.real_ns *= 1e9 / double(run.iterations);
      row.cpu_ns *= 1e9 / double(run.iterations);
      // Before 1.9.0 the engine took the mean of the threads' times, from then
      // on their sum; the iterations were always the sum.
#if GB_ENGINE_VERSION < 10900
      row.real_ns *= double(run.threads);
#else
      if (registrations[row.index]->process_cpu)
        row.cpu_ns /= double(run.threads);
#endif
    }
    report_(&row, data_);
  }

  gb_report *report_;
  void *data_;
  benchmark::BenchmarkReporter *json_;
  int failed_ = 0;      // repetitions
  int failed_here_ = 0; // of the benchmark last reported
};

} // namespace

// Sets what the engine would take from the environment and no benchmark can set
// for itself.  At a value that it does not know it would end the process.
static void initialize_once() {
  static bool done;
  if (done)
    return;
  done = true;
  const char *settings[] = {program_invocation_short_name,
                            "--benchmark_color=false",
                            "--benchmark_enable_random_interleaving=false",
                            "--benchmark_format=console",
                            "--benchmark_list_tests=false",
                            "--benchmark_min_warmup_time=0",
                            "--benchmark_out=",
                            "--benchmark_out_format=json",
                            "--benchmark_perf_counters=",
                            "--benchmark_time_unit=ns",
                            "--v=0"};
  int count = sizeof settings / sizeof *settings;
  benchmark::Initialize(&count, const_cast<char **>(settings));
}

// Writes the file beside its place and moves it there.
static bool write_whole(const std::string &path, const std::string &text) {
  const std::string part = path + ".part";
  FILE *file = std::fopen(part.c_str(), "w");
  if (!file)
    return false;
  bool ok = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  ok = std::fclose(file) == 0 && ok;
  ok = ok && std::rename(part.c_str(), path.c_str()) == 0;
  if (!ok) {
    int why = errno;
    std::remove(part.c_str());
    errno = why;
  }
  return ok;
}

int gb_run(gb_report *report, void *data, const char *json_path) {
  if (registrations.empty()) {
    errno = ENOENT;
    return -1;
  }
  initialize_once();
  for (auto &r : registrations) {
    r->iterations.assign(r->iterations.size(), 0);
    r->first_error.clear();
  }
  std::ostringstream text;
  benchmark::JSONReporter json;
  json.SetOutputStream(&text);
  Reporter reporter(report, data, json_path ? &json : nullptr);
  benchmark::RunSpecifiedBenchmarks(&reporter, ".");
  if (json_path && !write_whole(json_path, text.str()))
    return -1;
  return reporter.failed();
}
