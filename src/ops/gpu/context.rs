//! Recording dispatches and handing them to a WebGPU device in one go, and reading arrays back.

use std::collections::HashMap;

use web_time::Instant;

use super::args::Args;
use super::hardware::Hardware;
use super::shaders::{Access, Shader, ShaderKey};
use super::timer::Timer;
use crate::error::{Error, Result};
use crate::ops::DeviceStats;
use crate::platform::device::GpuDevice;

/// Bytes between two dispatches' arguments: the largest alignment a device may ask for.
const SLOT: usize = 256;

/// Dispatches recorded before they are handed over by themselves.
const SLOTS: usize = 512;

/// Bytes of an array that stands for an unused output.
const SPARE_BYTES: u64 = 16;

/// Most workgroups WebGPU allows in one dimension.
const MAX_GROUPS: usize = 65_535;

/// An array on the device.
#[derive(Debug)]
pub struct Array {
    buffer: wgpu::Buffer,
    /// Tells arrays apart.
    id: u64,
    /// Elements of four bytes.
    len: usize,
}

/// A compiled kernel.
#[derive(Debug)]
struct Pipeline {
    name: &'static str,
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

#[derive(Debug)]
enum Command {
    Dispatch { pipeline: usize, group: wgpu::BindGroup, slot: u32, count: [u32; 3] },
    Copy { from: wgpu::Buffer, first: u64, to: wgpu::Buffer, at: u64, bytes: u64 },
}

/// A WebGPU device with what is recorded for it.
#[derive(Debug)]
pub struct Gpu {
    device: GpuDevice,
    pipelines: Vec<Pipeline>,
    by_shader: HashMap<ShaderKey, usize>,
    groups: HashMap<(usize, Vec<u64>), wgpu::BindGroup>,
    commands: Vec<Command>,
    /// Arguments of the recorded dispatches, one every [`SLOT`] bytes.
    args: Vec<u8>,
    args_buffer: wgpu::Buffer,
    next_id: u64,
    /// Bound where a kernel's output has no use: two, since no array may be written through two bindings.
    spare: [Array; 2],
    /// For profiles, where the adapter has a clock.
    timer: Option<Timer>,
    /// What kernels are cut for.
    pub(crate) hardware: Hardware,
    /// What one kernel leaves for the next, lent out while both are recorded.
    scratch: Option<Array>,
    pub(crate) clock: DeviceStats,
}

impl Gpu {
    /// Nothing recorded, no kernel compiled.
    pub fn new(device: &GpuDevice) -> Self {
        Self::with_kernel_target(Hardware::of(device), device)
    }

    /// The same with kernels cut for other hardware than the adapter's: what a GPU is given, a software adapter can try too.
    pub fn with_kernel_target(hardware: Hardware, device: &GpuDevice) -> Self {
        let args_buffer = device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("arguments"),
            size: (SLOT * SLOTS) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let spare =
            [1, 2].map(|id| Array { buffer: storage(&device.device, SPARE_BYTES), id, len: SPARE_BYTES as usize / 4 });
        Self {
            device: device.clone(),
            pipelines: Vec::new(),
            by_shader: HashMap::new(),
            groups: HashMap::new(),
            commands: Vec::new(),
            args: Vec::new(),
            args_buffer,
            next_id: spare.len() as u64,
            spare,
            timer: Timer::new(&device.device, &device.queue),
            hardware,
            scratch: None,
            clock: DeviceStats::default(),
        }
    }

    /// An array of `len` four-byte elements.
    pub(crate) fn array(&mut self, len: usize) -> Result<Array> {
        let bytes = 4 * len.max(1) as u64;
        let limits = self.device.device.limits();
        let most = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
        if bytes > most {
            return Err(Error::Device(format!(
                "this device holds arrays of up to {} MB, {} MB are needed; use a smaller batch size",
                most >> 20,
                bytes >> 20
            )));
        }
        let buffer = storage(&self.device.device, bytes);
        self.clock.held(0, bytes as usize);
        self.next_id += 1;
        Ok(Array { buffer, id: self.next_id, len })
    }

    /// Makes `x` at least `len` long; its values are lost where it grows.
    pub(crate) fn grow(&mut self, x: &mut Array, len: usize) -> Result<()> {
        if x.len < len {
            // A little more, since batches differ and every growth throws bind groups away.
            let new = self.array(len + len / 4).or_else(|_| self.array(len))?;
            self.clock.held(4 * x.len.max(1), 0);
            *x = new;
            self.groups.clear();
        }
        Ok(())
    }

    /// Lends an array of at least `len`, which whoever comes next gets too.
    ///
    /// # Errors
    /// The device holds no array of this length.
    pub(crate) fn lend_scratch(&mut self, len: usize) -> Result<Array> {
        let mut scratch = match self.scratch.take() {
            Some(scratch) => scratch,
            None => self.array(len)?,
        };
        self.grow(&mut scratch, len)?;
        Ok(scratch)
    }

    /// Takes a lent array back.
    pub(crate) fn take_scratch(&mut self, scratch: Array) {
        self.scratch = Some(scratch);
    }

    /// Gives `x` back, as soon as what is recorded needs it no more.
    pub(crate) fn free(&mut self, x: Array) {
        self.clock.held(4 * x.len.max(1), 0);
        // A bind group would keep its buffer alive.
        self.groups.clear();
        drop(x);
    }

    /// Puts four-byte elements at the start of `x`, after all that is recorded.
    pub(crate) fn put<T: bytemuck::Pod>(&mut self, x: &Array, values: &[T]) {
        if !values.is_empty() {
            self.flush();
            self.device.queue.write_buffer(&x.buffer, 0, bytemuck::cast_slice(values));
        }
    }

    /// Records a copy.
    pub(crate) fn record_copy(&mut self, from: &Array, first: usize, to: &Array, at: usize, len: usize) {
        self.commands.push(Command::Copy {
            from: from.buffer.clone(),
            first: 4 * first as u64,
            to: to.buffer.clone(),
            at: 4 * at as u64,
            bytes: 4 * len as u64,
        });
    }

    /// Records `shader` over `count` workgroups; `arrays` are its storage buffers in order of binding. `None` among them
    /// stands for an unused output.
    pub(crate) fn dispatch(&mut self, shader: &Shader, args: &impl Args, arrays: &[Option<&Array>], count: [usize; 3]) {
        if count.contains(&0) {
            return;
        }
        if self.args.len() == SLOT * SLOTS {
            self.flush();
        }
        let pipeline = self.pipeline(shader);
        let mut spares = self.spare.iter();
        let unused = arrays.iter().filter(|a| a.is_none()).count();
        assert!(
            unused <= spares.len(),
            "{}: {unused} unused outputs, at most {} are possible",
            shader.name,
            spares.len()
        );
        let bound: Vec<&Array> = arrays.iter().filter_map(|a| a.or_else(|| spares.next())).collect();
        let key = (pipeline, bound.iter().map(|a| a.id).collect());
        let group = match self.groups.get(&key) {
            Some(group) => group.clone(),
            None => {
                let group = self.bind(pipeline, &bound);
                self.groups.insert(key, group.clone());
                group
            }
        };
        let slot = self.args.len() as u32;
        self.args.extend(args.words().into_iter().flat_map(u32::to_le_bytes));
        self.args.resize(slot as usize + SLOT, 0);
        self.clock.starts(shader.name, count.iter().product::<usize>() as u64);
        self.commands.push(Command::Dispatch { pipeline, group, slot, count: count.map(|c| c as u32) });
        if self.clock.timed {
            let (name, began) = (self.pipelines[pipeline].name, Instant::now());
            self.flush();
            self.wait();
            let by_device = self.timer.as_ref().and_then(|timer| timer.seconds(&self.device.device));
            self.clock.add(name, by_device.unwrap_or_else(|| began.elapsed().as_secs_f64()));
        }
    }

    fn bind(&self, pipeline: usize, arrays: &[&Array]) -> wgpu::BindGroup {
        let size = std::num::NonZero::new(SLOT as u64);
        let uniform = wgpu::BufferBinding { buffer: &self.args_buffer, offset: 0, size };
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(uniform) }];
        entries.extend(
            arrays
                .iter()
                .zip(1..)
                .map(|(a, binding)| wgpu::BindGroupEntry { binding, resource: a.buffer.as_entire_binding() }),
        );
        self.device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(self.pipelines[pipeline].name),
            layout: &self.pipelines[pipeline].layout,
            entries: &entries,
        })
    }

    /// The compiled kernel; compiled now if it is new.
    fn pipeline(&mut self, shader: &Shader) -> usize {
        if let Some(&index) = self.by_shader.get(&shader.key()) {
            return index;
        }
        let device = &self.device.device;
        let buffer = |binding: u32, ty, has_dynamic_offset| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
            count: None,
        };
        let mut entries = vec![buffer(0, wgpu::BufferBindingType::Uniform, true)];
        let storage = shader.access.iter().map(|access| *access == Access::Read).zip(1..);
        entries.extend(storage.map(|(read_only, i)| buffer(i, wgpu::BufferBindingType::Storage { read_only }, false)));
        let layout = device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(shader.name), entries: &entries });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(shader.name),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let module = compiled(device, shader);
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(shader.name),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every kernel writes what it shares before it reads it.
                zero_initialize_workgroup_memory: false,
                ..wgpu::PipelineCompilationOptions::default()
            },
            cache: None,
        });
        self.pipelines.push(Pipeline { name: shader.name, pipeline, layout });
        self.clock.pipelines = self.pipelines.len() as u64;
        self.by_shader.insert(shader.key(), self.pipelines.len() - 1);
        self.pipelines.len() - 1
    }

    /// Hands everything recorded to the device.
    pub(crate) fn flush(&mut self) {
        if self.commands.is_empty() {
            return;
        }
        self.device.queue.write_buffer(&self.args_buffer, 0, &self.args);
        self.args.clear();
        let mut encoder = self.device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut commands = std::mem::take(&mut self.commands).into_iter().peekable();
        while let Some(command) = commands.next() {
            if let Command::Copy { from, first, to, at, bytes } = &command {
                encoder.copy_buffer_to_buffer(from, *first, to, *at, *bytes);
                continue;
            }
            let timer = self.timer.as_ref().filter(|_| self.clock.timed);
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: timer.map(Timer::writes),
            });
            let mut next = Some(command);
            while let Some(Command::Dispatch { pipeline, group, slot, count: [x, y, z] }) = next {
                pass.set_pipeline(&self.pipelines[pipeline].pipeline);
                pass.set_bind_group(0, &group, &[slot]);
                pass.dispatch_workgroups(x, y, z);
                next = commands.next_if(|c| matches!(c, Command::Dispatch { .. }));
            }
            drop(pass);
            if let Some(timer) = timer {
                timer.resolve(&mut encoder);
            }
        }
        self.device.queue.submit([encoder.finish()]);
    }

    /// Waits for the device, where waiting is possible (not in a browser).
    fn wait(&self) {
        // A device that is lost answers the next read with the reason.
        let _ = self.device.device.poll(wgpu::PollType::wait_indefinitely());
    }

    /// Elements `from..from + len` of `x`, after all that is recorded.
    pub(crate) async fn fetch(&mut self, x: &Array, from: usize, len: usize) -> Result<Vec<f32>> {
        if len == 0 {
            return Ok(Vec::new());
        }
        let bytes = 4 * len as u64;
        let staging = self.device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.commands.push(Command::Copy {
            from: x.buffer.clone(),
            first: 4 * from as u64,
            to: staging.clone(),
            at: 0,
            bytes,
        });
        self.flush();
        self.clock.bytes_read += bytes;
        let (tx, rx) = async_channel::bounded(1);
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone where the read was given up.
            let _ = tx.try_send(result);
        });
        self.wait();
        let mapped = rx.recv().await;
        self.device.check()?;
        let failed = |e: &dyn std::fmt::Display| Error::Device(format!("reading from the graphics device failed: {e}"));
        mapped.map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
        let view = staging.get_mapped_range(..).map_err(|e| failed(&e))?;
        Ok(view.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}

/// A new storage buffer.
fn storage(device: &wgpu::Device, bytes: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: bytes,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// The kernel's module, compiled without a counter in every loop that would end it after 2^64 turns: with it a GPU's compiler
/// unrolls nothing and keeps small arrays in memory (attention on an H100: four times as slow). Bounds are still checked.
#[allow(unsafe_code)]
fn compiled(device: &wgpu::Device, shader: &Shader) -> wgpu::ShaderModule {
    let mut checks = wgpu::ShaderRuntimeChecks::checked();
    checks.force_loop_bounding = false;
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: Some(shader.name),
        source: wgpu::ShaderSource::Wgsl(shader.source().into()),
    };
    // SAFETY: no loop of `shaders/` is infinite. Each counts by a fixed step, up or down, to a bound that a batch or a layer's sizes
    // give: far below 2^32, since it numbers elements of an array.
    unsafe { device.create_shader_module_trusted(descriptor, checks) }
}

/// Workgroups of 64 for `tasks` invocations, over two dimensions where one does not do.
pub(crate) fn groups(tasks: usize) -> [usize; 3] {
    workgroup_grid(tasks.div_ceil(64), 1)
}

/// `groups` workgroups over x and y, `deep` in z.
pub(crate) fn workgroup_grid(groups: usize, deep: usize) -> [usize; 3] {
    if groups > MAX_GROUPS { [MAX_GROUPS, groups.div_ceil(MAX_GROUPS), deep] } else { [groups, 1, deep] }
}
